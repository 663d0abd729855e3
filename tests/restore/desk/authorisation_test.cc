// Who may request what: every request as every role, with and without a grant, about the own and
// about another account.
#include <map>
#include <sstream>

#include <gmock/gmock.h>

#include "tests/restore/desk/staffed_desk.h"

namespace desk {
namespace {

// The outcome of each request. "unavailable" and "not_found" are permitted: there is no mail server
// here, and no plan, job, tree or grant of the name.
constexpr const char* kMatrix = R"(
request    owner       helpdesk    helpdesk+   operator    officer     officer+
confirm    unavailable forbidden   forbidden   forbidden   forbidden   forbidden
me         ok          ok          ok          ok          ok          ok
accounts   forbidden   ok          ok          ok          ok          ok
snapshots  ok          ok          ok          ok          ok          ok
folders    ok          ok          ok          forbidden   ok          ok
messages   ok          forbidden   ok          forbidden   forbidden   ok
show       ok          forbidden   ok          forbidden   forbidden   ok
raw        ok          forbidden   ok          forbidden   forbidden   ok
search     ok          forbidden   ok          forbidden   forbidden   ok
vanished   ok          ok          ok          forbidden   ok          ok
diff       ok          forbidden   ok          forbidden   forbidden   ok
plan       unavailable unavailable unavailable forbidden   forbidden   forbidden
restore    not_found   not_found   not_found   forbidden   forbidden   forbidden
job        not_found   not_found   not_found   forbidden   forbidden   forbidden
jobs       ok          ok          ok          forbidden   forbidden   forbidden
stop       not_found   not_found   not_found   forbidden   forbidden   forbidden
continue   not_found   not_found   not_found   forbidden   forbidden   forbidden
trees      ok          ok          ok          forbidden   ok          ok
all-trees  forbidden   ok          ok          ok          ok          ok
extend     not_found   not_found   not_found   forbidden   forbidden   forbidden
expire     not_found   not_found   not_found   forbidden   forbidden   forbidden
plan-export ok         forbidden   forbidden   forbidden   forbidden   ok
export     ok          forbidden   forbidden   forbidden   forbidden   ok
audit      ok          forbidden   forbidden   forbidden   ok          ok
audit-log  forbidden   ok          ok          forbidden   ok          ok
consent    ok          forbidden   forbidden   forbidden   forbidden   forbidden
ask-grant  forbidden   ok          ok          forbidden   ok          ok
use-code   forbidden   not_found   not_found   forbidden   not_found   not_found
grants     ok          ok          ok          forbidden   ok          ok
approve    forbidden   forbidden   forbidden   forbidden   not_found   not_found
revoke     not_found   forbidden   forbidden   forbidden   not_found   not_found
status     forbidden   ok          ok          ok          ok          ok
history    forbidden   forbidden   forbidden   ok          ok          ok
daemon-jobs forbidden  forbidden   forbidden   ok          ok          ok
run-job    forbidden   forbidden   forbidden   ok          forbidden   forbidden
logout     ok          ok          ok          ok          ok          ok
)";

// By request, then by column.
std::map<std::string, std::map<std::string, std::string>> read_matrix() {
  std::map<std::string, std::map<std::string, std::string>> matrix;
  std::istringstream lines(kMatrix);
  std::vector<std::string> columns;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::vector<std::string> row;
    for (std::string word; words >> word;) row.push_back(word);
    if (row.empty()) continue;
    if (columns.empty()) columns = row;
    for (std::size_t at = 1; at < row.size(); ++at) matrix[row[0]][columns[at]] = row[at];
  }
  matrix.erase("request");
  return matrix;
}

class AuthorisationTest : public StaffedDesk {
 protected:
  // A valid request of that name about alice.
  json request_named(const std::string& name) {
    if (message_.empty()) message_ = message_in("alice", "INBOX", newest_);
    json request = {{"request", name}};
    const std::map<std::string, json> fields = {{"password", "secret"},
                                                {"folder", "INBOX"},
                                                {"message", message_},
                                                {"query", "letter"},
                                                {"from", start_},
                                                {"selection", {{"folders", {"INBOX"}}}},
                                                {"plan", std::string(32, '0')},
                                                {"key", "0123456789abcdef"},
                                                {"job", std::string(32, '0')},
                                                {"tree", "RESTORED/x"},
                                                {"days", 7},
                                                {"reason", "ticket 17"},
                                                {"name", "check"},
                                                {"code", "ABCDEFGH"},
                                                {"grant", std::string(32, '0')}};
    for (const FieldRule& field : find_rule(name)->fields) {
      if (field.is_required || field.form == Form::kPassword) {
        request[std::string(field.name)] = fields.at(std::string(field.name));
      }
    }
    return request;
  }

  std::string outcome_as(const std::string& column, json request) {
    const bool is_owner = column == "owner";
    static const std::map<std::string, std::string> people = {{"helpdesk", "helper"},
                                                              {"helpdesk+", "trusted"},
                                                              {"operator", "operator"},
                                                              {"officer", "second"},
                                                              {"officer+", "officer"}};
    request["session"] =
        is_owner ? desk_->owner_session("alice") : desk_->staff_session(people.at(column));
    if (!is_owner) request.erase("password");
    return outcome(desk_->ask(is_owner ? Door::kSelf : Door::kStaff, std::move(request)));
  }

 private:
  std::string message_;  // a program says it, so it is asked once
};

TEST_F(AuthorisationTest, EachRoleMayDoWhatTheTableSays) {
  grant("trusted");
  grant("officer");
  const auto matrix = read_matrix();
  for (const RequestRule& rule : rules()) {
    if (rule.kind == RequestKind::kLogin) continue;
    const std::string name(rule.name);
    ASSERT_TRUE(matrix.contains(name)) << name << ": a request without a rule";
    for (const auto& [column, expected] : matrix.at(name)) {
      json request = request_named(name);
      if (column != "owner") request["account"] = "alice";
      EXPECT_EQ(outcome_as(column, request), expected) << name << " as " << column;
      // An account that the role does not cover, and one that does not exist.
      if (column != "helpdesk" && column != "helpdesk+") continue;
      const Access access = access_of(rule, Role::kHelpdesk);
      if (access != Access::kScope && access != Access::kGrant) continue;
      for (const char* other : {"bob", "mallory", "*", "alic?", "--to=bob", "-v"}) {
        request["account"] = other;
        EXPECT_EQ(outcome_as(column, request), "not_found") << name << " about " << other;
      }
    }
  }
}

TEST_F(AuthorisationTest, ASessionIsNeededAndGoodAtItsOwnDoorOnly) {
  for (const RequestRule& rule : rules()) {
    if (rule.kind == RequestKind::kLogin) continue;
    json request = request_named(std::string(rule.name));
    for (const std::string& session : {std::string(64, '0'), desk_->staff_session("officer")}) {
      request["session"] = session;
      EXPECT_EQ(outcome(desk_->ask(Door::kSelf, request)), "unauthenticated") << rule.name;
    }
    request.erase("password");
    request["session"] = desk_->owner_session("alice");
    for (const Door door : {Door::kProxy, Door::kStaff}) {
      EXPECT_EQ(outcome(desk_->ask(door, request)), "unauthenticated") << rule.name;
    }
  }
}

TEST_F(AuthorisationTest, WithoutAGrantStaffSeeNoMail) {
  const auto ask = [&](const std::string& person, json request) {
    request["session"] = desk_->staff_session(person);
    request["account"] = "alice";
    return desk_->ask(Door::kStaff, std::move(request));
  };
  for (const char* request : {"snapshots", "folders", "vanished", "trees", "jobs", "accounts"}) {
    EXPECT_THAT(ask("helper", {{"request", request}}).dump(),
                testing::Not(testing::HasSubstr("letter")))
        << request;
  }
  EXPECT_EQ(outcome(ask("helper", {{"request", "plan"}, {"selection", {{"query", "letter"}}}})),
            "forbidden")
      << "what a query selects shows what is in the mail";
  const json accounts = ask("helper", {{"request", "accounts"}, {"limit", 1}});
  EXPECT_EQ(accounts["document"]["accounts"].size(), 1U);
  EXPECT_EQ(accounts.dump().find("bob"), std::string::npos);
  const auto bursts = [&] {
    return ask("helper", {{"request", "vanished"}})["document"]["bursts"];
  };
  EXPECT_EQ(bursts()[0]["messages"], json::array());
  grant("helper");
  EXPECT_EQ(bursts()[0]["messages"].size(), 1U);
  clock_.sleep_for(std::chrono::hours(1));
  EXPECT_EQ(outcome(ask("helper", {{"request", "messages"}, {"folder", "INBOX"}})), "forbidden")
      << "the grant is over";
}

TEST_F(AuthorisationTest, AGrantComesFromAnOfficerWhoDidNotAskOrFromTheOwner) {
  const auto as = [&](const std::string& person, json request) {
    request["session"] = desk_->staff_session(person);
    return desk_->ask(Door::kStaff, std::move(request));
  };
  const json own = as("officer", {{"request", "ask-grant"}, {"account", "alice"}, {"reason", "x"}});
  const json approval = {{"request", "approve"}, {"grant", own["grant"]["grant"]}};
  EXPECT_EQ(outcome(as("officer", approval)), "forbidden");
  EXPECT_EQ(outcome(as("second", approval)), "ok");

  const json consent =
      desk_->ask(Door::kSelf, {{"request", "consent"}, {"session", desk_->owner_session("alice")}});
  const auto use = [&](const std::string& person, const std::string& code) {
    return outcome(as(person, {{"request", "use-code"}, {"account", "alice"}, {"code", code}}));
  };
  EXPECT_EQ(use("helper", "ABCDEFGH"), "not_found");
  EXPECT_EQ(use("helper", consent["code"]), "ok");
  EXPECT_EQ(use("trusted", consent["code"]), "not_found") << "a code is good once";
  const json read = {{"request", "messages"}, {"account", "alice"}, {"folder", "INBOX"}};
  EXPECT_EQ(outcome(as("helper", read)), "ok");
  desk_->start();
  EXPECT_EQ(outcome(as("helper", read)), "ok") << "grants outlive the desk";

  const json grants = desk_->ask(
      Door::kSelf, {{"request", "grants"}, {"session", desk_->owner_session("alice")}})["grants"];
  ASSERT_EQ(grants.size(), 2U);
  EXPECT_EQ(desk_->ask(Door::kSelf,
                       {{"request", "grants"}, {"session", desk_->owner_session("bob")}})["grants"],
            json::array());
  for (const json& grant : grants) {
    const json revoke = {{"request", "revoke"}, {"grant", grant["grant"]}};
    json as_bob = revoke;
    as_bob["session"] = desk_->owner_session("bob");
    EXPECT_EQ(outcome(desk_->ask(Door::kSelf, as_bob)), "not_found");
    json as_alice = revoke;
    as_alice["session"] = desk_->owner_session("alice");
    EXPECT_EQ(outcome(desk_->ask(Door::kSelf, as_alice)), "ok");
  }
  EXPECT_EQ(outcome(as("helper", read)), "forbidden");
}

TEST_F(AuthorisationTest, AnOfficerDecidesAboutTheAccountsOfTheRoleOnly) {
  const auto as = [&](const std::string& person, json request) {
    request["session"] = desk_->staff_session(person);
    return desk_->ask(Door::kStaff, std::move(request));
  };
  const json about_bob =
      as("officer", {{"request", "ask-grant"}, {"account", "bob"}, {"reason", "ticket 17"}});
  const json grant = about_bob["grant"]["grant"];
  EXPECT_EQ(outcome(as("limited", {{"request", "approve"}, {"grant", grant}})), "not_found");
  EXPECT_EQ(outcome(as("limited", {{"request", "revoke"}, {"grant", grant}})), "not_found");
  EXPECT_EQ(as("limited", {{"request", "grants"}})["grants"], json::array());
  EXPECT_EQ(as("second", {{"request", "grants"}})["grants"].size(), 1U);
  EXPECT_EQ(outcome(as("second", {{"request", "approve"}, {"grant", grant}})), "ok");
}

TEST_F(AuthorisationTest, WhatIsNotOnesOwnAnswersLikeWhatDoesNotExist) {
  const std::string invented(64, '1');
  const std::string bobs_message = message_in("bob", "Private", bobs_);
  const std::string old_message = message_in("alice", "Beyond", old_);
  const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
  // The oldest one is out of reach.
  const std::string session = desk_->owner_session("alice", 2);
  const auto answer = [&](json request) {
    request["session"] = session;
    request["client"] = "192.0.2.7";
    return desk_->exchange(Door::kSelf, request.dump() + "\n");
  };
  ASSERT_EQ(json::parse(answer({{"request", "snapshots"}}))["document"]["snapshots"].size(), 2U)
      << snapshots;
  const std::vector<std::pair<json, std::string>> by_snapshot = {
      {{{"request", "folders"}}, "at"},
      {{{"request", "messages"}, {"folder", "INBOX"}}, "at"},
      {{{"request", "search"}, {"query", "letter"}}, "at"},
      {{{"request", "vanished"}}, "since"},
      {{{"request", "diff"}, {"to", newest_}}, "from"},
      {{{"request", "diff"}, {"from", start_}}, "to"},
      {{{"request", "plan-export"}}, "selection"},
      {{{"request", "export"}}, "selection"}};
  for (const auto& entry : by_snapshot) {
    const json& request = entry.first;
    const std::string& field = entry.second;
    const auto with = [&](const std::string& id) {
      json asked = request;
      asked[field] = field == "selection" ? json{{"at", id}} : json(id);
      return answer(asked);
    };
    const std::string unknown = with(invented);
    EXPECT_EQ(outcome(json::parse(unknown)), "not_found") << request;
    EXPECT_EQ(with(bobs_), unknown) << request;
    EXPECT_EQ(with(old_), unknown) << request;
  }
  for (const char* request : {"show", "raw"}) {
    const auto with = [&](const std::string& id) {
      return answer({{"request", request}, {"message", id}});
    };
    EXPECT_EQ(outcome(json::parse(with(invented))), "not_found");
    EXPECT_EQ(with(bobs_message), with(invented)) << request;
    EXPECT_EQ(with(old_message), with(invented)) << request;
  }
  for (const char* name : {"--to=bob", "-v", "*", "%2A", "IN*", "a\nb", "Beyond", "Private"}) {
    EXPECT_EQ(answer({{"request", "messages"}, {"folder", name}}),
              answer({{"request", "messages"}, {"folder", "invented"}}))
        << name;
  }
}

}  // namespace
}  // namespace desk
