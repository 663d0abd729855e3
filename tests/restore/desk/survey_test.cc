// Lists for staff about all accounts at once: the restored trees, and the audit log.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>

#include "store/tree_record.h"
#include "tests/restore/desk/staffed_desk.h"

namespace desk {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class SurveyTest : public StaffedDesk {
 protected:
  json as(const std::string& person, json request) {
    request["session"] = desk_->staff_session(person);
    return desk_->ask(Door::kStaff, std::move(request));
  }

  // All pages of a list.
  json all_of(const std::string& person, json request, const char* list) {
    json found = json::array();
    for (int pages = 0; pages < 100; ++pages) {
      const json document = as(person, request).value("document", json::object());
      if (!document.contains(list)) {
        ADD_FAILURE() << document;
        break;
      }
      for (const json& entry : document[list]) found.push_back(entry);
      if (document["next"].is_null()) break;
      request["after"] = document["next"];
    }
    return found;
  }
};

std::vector<std::string> texts_of(const json& list, const char* field) {
  std::vector<std::string> texts;
  for (const json& entry : list) texts.push_back(entry.value(field, ""));
  return texts;
}

class AllTreesTest : public SurveyTest {
 protected:
  AllTreesTest() {
    auto records = store::TreeRecords::open(location_, base::real_file_system());
    for (const auto& [account, name] :
         std::map<std::string, std::string>{{"alice", "RESTORED/a"}, {"bob", "RESTORED/b"}}) {
      const auto now = clock_.now_seconds();
      records.put(
          {.id = store::TreeRecords::new_id(),
           .account = account,
           .server = "main",
           .name = name,
           .raw_name = name,
           .delimiter = '/',
           .state = store::TreeState::kComplete,
           .created = now - std::chrono::hours(8),
           .expires = account == "bob" ? now - std::chrono::hours(5) : now + std::chrono::hours(5),
           .snapshot = {},
           .levels = {}});
    }
  }

  std::vector<std::string> trees_for(const std::string& person, std::size_t limit) {
    return texts_of(all_of(person, {{"request", "all-trees"}, {"limit", limit}}, "trees"), "tree");
  }
};

TEST_F(AllTreesTest, EachRoleSeesThoseOfItsAccounts) {
  for (const char* person : {"operator", "officer"}) {
    EXPECT_THAT(trees_for(person, 1), UnorderedElementsAre("RESTORED/a", "RESTORED/b")) << person;
  }
  for (const char* person : {"helper", "limited"}) {
    EXPECT_THAT(trees_for(person, 1), ElementsAre("RESTORED/a")) << person;
    const json whole = as(person, {{"request", "all-trees"}});
    EXPECT_EQ(whole.dump().find("bob"), std::string::npos) << whole;
  }
}

TEST_F(AllTreesTest, EachHasItsCommandLines) {
  json answer = as("operator", {{"request", "all-trees"}});
  EXPECT_EQ(answer["command"], "mailstow-restore trees");
  EXPECT_EQ(answer["document"]["commands"]["sweep"], "mailstow-restore sweep")
      << "a dry run does not try what a server may refuse";
  const json tree = programs::find_by(answer["document"]["trees"], "account", "bob");
  EXPECT_EQ(tree["commands"], (json{{"extend", "mailstow-restore extend bob RESTORED/b 7d"},
                                    {"expire", "mailstow-restore expire bob RESTORED/b"}}));
  EXPECT_EQ(as("operator", {{"request", "accounts"}})["command"], "mailstow-restore accounts");
}

class AuditLogTest : public SurveyTest {
 protected:
  AuditLogTest() {
    as("helper", {{"request", "folders"}, {"account", "alice"}});
    as("officer", {{"request", "folders"}, {"account", "bob"}});
    as("officer", {{"request", "folders"}, {"account", "alice"}});
    desk_->ask(Door::kSelf, {{"request", "folders"}, {"session", desk_->owner_session("bob")}});
    // One whose name is that of one of the staff.
    Session other{.id = {},
                  .door = Door::kSelf,
                  .role = Role::kOwner,
                  .person = "helper",
                  .account = "bob",
                  .client = "192.0.2.7"};
    const std::string token =
        desk_->desk().sessions().begin(std::move(other), std::chrono::hours(1)).value();
    desk_->ask(Door::kSelf, {{"request", "snapshots"}, {"session", token}});
    mailstow_.backupd({"prune"});
  }

  json lines_for(const std::string& person, json filter = json::object(), std::size_t limit = 2) {
    filter["request"] = "audit-log";
    filter["limit"] = limit;
    return all_of(person, filter, "lines");
  }
};

TEST_F(AuditLogTest, AnOfficerSeesAllAndMayFilter) {
  const json lines = lines_for("officer", {{"person", "officer"}});
  EXPECT_THAT(texts_of(lines, "person"), Each(std::string("officer")));
  EXPECT_THAT(
      texts_of(lines_for("officer", {{"account", "bob"}, {"person", "officer"}}), "command"),
      ElementsAre("audit-log", "folders"))
      << "to look at the log is itself a line of it";
  const json all = lines_for("second");
  EXPECT_THAT(texts_of(all, "command"), testing::Contains("prune"));
  EXPECT_THAT(texts_of(all, "account"),
              testing::IsSupersetOf({std::string("alice"), std::string("bob"), std::string()}));
  for (const json& line : all) EXPECT_FALSE(line.contains("arguments") || line.contains("request"));
  const auto typed = std::ranges::find_if(
      all, [](const json& line) { return line.value("command", "") == "prune"; });
  const std::string user = typed->value("sudo_user", typed->value("user", ""));
  EXPECT_THAT(texts_of(lines_for("second", {{"person", user}}), "command"),
              testing::Contains("prune"))
      << "on the server, the person is the user there";
}

TEST_F(AuditLogTest, TheRoleLimitsWhatIsSeen) {
  const json of_helper = lines_for("helper");
  EXPECT_THAT(texts_of(of_helper, "person"), Each(std::string("helper")));
  EXPECT_THAT(texts_of(of_helper, "role"), Each(std::string("helpdesk")));
  EXPECT_THAT(texts_of(of_helper, "command"), testing::Contains("folders"));
  EXPECT_THAT(lines_for("helper", {{"person", "officer"}}), IsEmpty());
  EXPECT_THAT(
      lines_for("trusted", {{"account", "alice"}}),
      Each(testing::ResultOf([](const json& line) { return line["person"]; }, json("trusted"))));

  const json of_limited = lines_for("limited");
  EXPECT_EQ(of_limited.dump().find("bob"), std::string::npos);
  EXPECT_THAT(texts_of(of_limited, "account"), testing::Contains("alice"));
  EXPECT_THAT(texts_of(of_limited, "command"), testing::Not(testing::Contains("prune")));
  for (const char* person : {"limited", "helper"}) {
    const json asked = {{"request", "audit-log"}, {"account", "bob"}};
    EXPECT_EQ(outcome(as(person, asked)), "not_found") << person;
  }
}

TEST_F(AuditLogTest, PagesTogetherAreTheLog) {
  std::ifstream file(mailstow_.index() / "audit.log");
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) ++count;
  const json document = as("officer", {{"request", "audit-log"}, {"limit", 1'000}})["document"];
  EXPECT_EQ(document["lines"].size(), count + 1) << "and the line about this";
  EXPECT_EQ(document["next"], nullptr);
  const json first = as("officer", {{"request", "audit-log"}, {"limit", 2}})["document"];
  json pages = first["lines"];
  json request = {{"request", "audit-log"}, {"limit", 2}, {"after", first["next"]}};
  for (const json& line : all_of("officer", request, "lines")) pages.push_back(line);
  EXPECT_EQ(pages.size(), count + 2) << "a page shows nothing that came after the one before";
  for (const char* cursor : {"1", "99999999", "x", "-1", "184467440737095516160"}) {
    EXPECT_EQ(outcome(as("officer", {{"request", "audit-log"}, {"after", cursor}})), "not_found")
        << cursor;
  }
}

TEST_F(AuditLogTest, WhatIsNoLineIsLeftOut) {
  const auto count = lines_for("officer", json::object(), 1'000).size();
  std::ofstream(mailstow_.index() / "audit.log", std::ios::app)
      << "rubbish\n{\"person\": 7, \"account\": []}\n\n[]\n{\"time\": \"half a li";
  const json lines = lines_for("officer", json::object(), 1'000);
  EXPECT_GE(lines.size(), count);
  EXPECT_THAT(lines_for("officer", {{"account", "alice"}}), testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace desk
