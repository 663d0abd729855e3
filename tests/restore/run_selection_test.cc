// What `mailstow-restore run` selects: folders, messages, times and search words, on a real server.

#include <chrono>

#include <gmock/gmock.h>

#include "base/file_system.h"
#include "store/tree_record.h"
#include "tests/restore/run_fixture.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::json;
using servers::AccountState;

TEST_F(RunTest, ChoosesFoldersMessagesAndTimes) {
  servers::MailGenerator mail(6);
  auto alice = server_.client("alice");
  alice.command("CREATE Work/Old");
  const auto day = [](int number) {
    return std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + std::chrono::days(number);
  };
  for (int number = 0; number < 10; ++number) {
    alice.append("Work/Old", std::vector<servers::Delivery>{{mail.plain(), {}, day(number)}});
  }
  alice.append("INBOX", std::vector<servers::Delivery>{{mail.plain(), {}, day(3)}});
  back_up();

  json report = mailstow_.restore_json(
      {"run", "alice", "--folder", "Work*", "--since", "2026-01-03", "--before", "2026-01-05"});
  EXPECT_EQ(report["folders"].size(), 1U);
  EXPECT_EQ(report["folders"][0]["restored"], 2);

  const json messages = mailstow_.restore_json({"messages", "alice", "Work/Old"})["messages"];
  ASSERT_EQ(messages.size(), 10U);
  report = mailstow_.restore_json({"run", "alice", "--message", messages[4]["message"]});
  EXPECT_EQ(report["folders"].size(), 1U);
  EXPECT_EQ(report["folders"][0]["restored"], 1);

  const std::string id = mailstow_.restore_json({"snapshots", "alice"})["snapshots"][0]["snapshot"];
  for (const std::string& at : {id, id.substr(0, 12), std::string("now")}) {
    EXPECT_EQ(mailstow_.restore_json({"folders", "alice", "--at", at})["snapshot"], id) << at;
  }
  EXPECT_EQ(mailstow_.restore({"folders", "alice", "--at", "3 days ago"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--folder", "Nothing"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--all", "--at", "2001-01-01"}).status, 1);
  const auto misspelt =
      mailstow_.restore({"run", "alice", "--folder", "INBOX", "--folder", "Wrok/Old"});
  EXPECT_EQ(misspelt.status, 1);
  EXPECT_THAT(misspelt.err, testing::HasSubstr("did you mean \"Work/Old\"?"));
  const auto unknown = mailstow_.restore(
      {"run", "alice", "--message", "0123456789abcdef", "--message", messages[4]["message"]});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, testing::HasSubstr("--message 0123456789abcdef"));
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 2U) << "nothing was begun";
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--message", "xyz"}).status, 2);
  EXPECT_EQ(mailstow_.restore({"run", "nobody", "--all"}).status, 2);
  // A restore of everything must be requested explicitly, and excludes any other selection.
  const std::vector<std::vector<std::string>> unclear = {
      {"run", "alice"},
      {"run", "alice", "--dry-run"},
      {"run", "alice", "--at", "yesterday"},
      {"run", "alice", "--subfolders"},
      {"run", "alice", "--to", "bob", "--in-place"},
      {"run", "alice", "--all", "--folder", "INBOX"},
      {"run", "alice", "--all", "--message", "0123456789abcdef"},
      {"run", "alice", "--all", "--query", "day"},
      {"run", "alice", "--all", "--since", "2026-01-03"},
      {"run", "alice", "--all", "--before", "2026-01-03"}};
  for (const std::vector<std::string>& arguments : unclear) {
    const auto refused = mailstow_.restore(arguments);
    EXPECT_EQ(refused.status, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(refused.err, testing::HasSubstr("--all")) << testing::PrintToString(arguments);
  }
}

TEST_F(RunTest, ASnapshotStandsForItsTime) {
  auto alice = server_.client("alice");
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  // A query uses its Date.
  const auto append = [&](std::chrono::minutes later, const std::string& date) {
    const std::string mail = "Subject: x\r\nDate: " + date + " 10:00:00 +0000\r\n\r\n";
    alice.append("INBOX", std::vector<servers::Delivery>{{mail, {}, now + later}});
  };
  for (const int minutes : {-3, -2, -1}) append(std::chrono::minutes(minutes), "3 Nov 2026");
  back_up();
  const std::string id = mailstow_.restore_json({"snapshots", "alice"})["snapshots"][0]["snapshot"];
  const std::string digits = id.substr(0, 8);
  append(std::chrono::minutes(5), "3 Nov 2036");
  back_up();
  const auto restored = [&](const std::string& option, const std::string& value) {
    return mailstow_.restore_json({"run", "alice", option, value})["folders"][0]["restored"];
  };
  EXPECT_EQ(restored("--since", id), 1);
  EXPECT_EQ(restored("--before", digits), 3);
  EXPECT_EQ(restored("--query", "after:" + digits), 1);
  EXPECT_EQ(mailstow_.restore_json({"search", "alice", "before:" + id})["total"], 3);
  const std::string unknown(64, '0');
  const auto none = mailstow_.restore({"run", "alice", "--since", unknown});
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.err, testing::HasSubstr("it has no snapshot " + unknown));
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--before", "0000"}).status, 2);

  // A run may be resumed after that snapshot was deleted.
  auto records = store::TreeRecords::open(
      {mailstow_.store(), mailstow_.index(), mailstow_.key_file()}, base::real_file_system());
  for (const store::TreeRecord& record : records.list().records) {
    for (const char* end : {"since", "before"}) {
      const std::string time = json::parse(record.request)[end];
      EXPECT_THAT(time, testing::AnyOf("", testing::EndsWith("Z")));
    }
  }
}

TEST_F(RunTest, RestoresTheMessagesThatASearchFinds) {
  auto alice = server_.client("alice");
  const auto mail = [](const std::string& from, const std::string& subject) {
    return servers::Delivery{"From: " + from + "\r\nTo: alice@example.org\r\nSubject: " + subject +
                             "\r\nDate: Tue, 3 Nov 2026 10:00:00 +0000\r\n\r\nbody of " + subject +
                             "\r\n"};
  };
  alice.command("CREATE Work");
  alice.append("Work", std::vector<servers::Delivery>{
                           mail("=?utf-8?q?J=C3=BCrgen?= <j@example.org>", "Invoice 17"),
                           mail("Eve <eve@example.org>", "=?utf-8?q?=1B?=[2J Invoice 18")});
  alice.append("INBOX", std::vector<servers::Delivery>{mail("Jürgen <j@example.org>", "Lunch")});
  back_up();
  alice.command("DELETE Work");
  mailstow_.restore_json({"run", "alice", "--all", "--dry-run"});
  back_up();

  const json all = mailstow_.restore_json({"search", "alice", "from:jürgen"});
  EXPECT_EQ(all["total"], 2) << "also what is no longer there";
  const json found = mailstow_.restore_json({"search", "alice", "invoice", "folder:Work", "-18"});
  ASSERT_EQ(found["messages"].size(), 1U) << found.dump(2);
  EXPECT_EQ(found["messages"][0]["folder"], "Work");
  EXPECT_EQ(found["messages"][0]["subject"], "Invoice 17");
  const auto denied = mailstow_.restore({"search", "alice", "-eve", "from:jürgen", "-q"});
  EXPECT_THAT(denied.out, testing::HasSubstr("Lunch")) << denied.err;
  const auto limited = mailstow_.restore({"search", "alice", "from:jürgen", "--limit", "1"});
  EXPECT_THAT(limited.out, testing::HasSubstr("1 of 2 are shown; --limit 2 shows all"));
  const json listed = mailstow_.restore_json({"messages", "alice", "INBOX"})["messages"];
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["subject"], "Lunch");
  EXPECT_EQ(listed[0]["from"], "Jürgen <j@example.org>");
  EXPECT_THAT(mailstow_.restore({"messages", "alice", "inbx"}).err,
              testing::HasSubstr("did you mean \"INBOX\"?"));
  const auto no_time = mailstow_.restore({"folders", "alice", "--at", "someday"});
  EXPECT_EQ(no_time.status, 2);
  EXPECT_THAT(no_time.err, testing::HasSubstr("'3 days ago'"));
  EXPECT_THAT(mailstow_.restore({"folders", "alice", "--at", "1fc3"}).err,
              testing::HasSubstr("too short for an id"));
  EXPECT_EQ(mailstow_.restore_json({"search", "alice", "invoice", "--at", "now"}, 1)["total"], 0);
  const auto text = mailstow_.restore({"search", "alice", "subject:invoice"});
  EXPECT_THAT(text.out, testing::Not(testing::HasSubstr("\x1b"))) << "escaped";

  EXPECT_THAT(text.out, testing::HasSubstr("--at SNAPSHOT"));

  const std::string last_seen = found["messages"][0]["snapshot"];
  EXPECT_THAT(text.out, testing::HasSubstr(last_seen.substr(0, 12)));
  const json report =
      mailstow_.restore_json({"run", "alice", "--query", "invoice from:jürgen", "--at", last_seen});
  ASSERT_EQ(report["folders"].size(), 1U);
  EXPECT_EQ(report["folders"][0]["source"], "Work");
  EXPECT_EQ(report["folders"][0]["restored"], 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--query", "no-such-word"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"search", "alice", "after:someday"}).status, 2);
}

// An unset variable in a script must not restore everything.
TEST_F(RunTest, AnEmptySelectionWritesNothing) {
  servers::fill_account(server_, "alice", 10);
  back_up();
  const AccountState before = state();
  const std::vector<std::vector<std::string>> selections = {{"--query=", "--dry-run"},
                                                            {"--query", "", "--dry-run"},
                                                            {"--query", "--dry-run"},
                                                            {"--query=", "--json"},
                                                            {"--folder=", "--dry-run"},
                                                            {"--folder=", "--subfolders"},
                                                            {"--all", "--at="},
                                                            {"--since="},
                                                            {"--before="},
                                                            {"--message="},
                                                            {"--all", "--to="},
                                                            {"--all", "--to=", "--in-place"},
                                                            {"--all", "--expire-after="},
                                                            {"--resume="},
                                                            {"--query", " "},
                                                            {"--query", "🎉"},
                                                            {"--query", ":"},
                                                            {"--query", "€"},
                                                            {"--query", "subject:"},
                                                            {"--query", "-🎉"},
                                                            {"--query", "folder:INBOX 🎉"}};
  for (std::vector<std::string> selection : selections) {
    selection.insert(selection.begin(), {"run", "alice"});
    const auto result = mailstow_.restore(selection);
    EXPECT_EQ(result.status, 2) << testing::PrintToString(selection) << result.out << result.err;
    if (selection.back() == "--json") {
      EXPECT_EQ(json::parse(result.out)["error"]["code"], "usage") << result.out;
    } else {
      EXPECT_EQ(result.out, "");
    }
  }
  EXPECT_EQ(mailstow_.restore({"search", "alice", "🎉"}).status, 2);
  EXPECT_EQ(mailstow_.restore({"search", "alice", ":", " "}).status, 2);
  EXPECT_EQ(state(), before);
  EXPECT_TRUE(mailstow_.restore_json({"trees"})["trees"].empty());
}

}  // namespace
}  // namespace restore
