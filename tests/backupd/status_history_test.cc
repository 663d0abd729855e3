// `mailstow-backupd status --history`: the backups of an account over time.
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "backupd/report/failed_backups.h"
#include "base/clock.h"
#include "base/shell_quote.h"
#include "tests/programs/recorded_mail.h"
#include "tests/servers/dovecot.h"

namespace backupd {
namespace {

using programs::json;
using std::chrono::hours;
using testing::HasSubstr;
using testing::Not;

class StatusHistoryTest : public testing::Test {
 protected:
  StatusHistoryTest() { mailstow_.make_store(); }

  struct Night {
    std::string account = "alice";
    unsigned messages = 0;
    store::SnapshotStatus status = store::SnapshotStatus::kComplete;
    store::SnapshotKind kind = store::SnapshotKind::kBackup;
    std::uint64_t vanished = 0;
    std::string trouble = {};
    std::vector<store::SkippedMessage> skipped = {};
  };

  // Each snapshot is an hour after the one before.
  void add(const Night& night) {
    programs::RecordedFolder inbox{programs::recorded_folder("INBOX"), {}};
    inbox.info.trouble = night.trouble;
    if (!night.trouble.empty()) inbox.info.completeness = store::FolderCompleteness::kUnreadable;
    inbox.info.skipped = night.skipped;
    for (std::uint32_t uid = 1; uid <= night.messages; ++uid) {
      inbox.messages.push_back({uid, "Subject: " + std::to_string(1'000 + uid) + "\r\n\r\nbody\r\n",
                                base::ZonedTime{time_}});
    }
    store::SnapshotDraft snapshot;
    snapshot.account = night.account;
    snapshot.time = time_;
    snapshot.kind = night.kind;
    snapshot.status = night.status;
    snapshot.vanished = night.vanished;
    programs::record_snapshot(mailstow_, std::move(snapshot), {inbox});
    time_ += hours(1);
  }

  // A backup in which these accounts fail.
  void fail(const std::vector<std::string>& accounts) {
    PassReport report;
    for (const std::string& account : accounts) {
      report.accounts.emplace_back().account = account;
      report.accounts.back().error = "no connection\x1b[31m";
    }
    base::StoreConfig store;
    store.index = mailstow_.index();
    note_failed_backups(base::real_file_system(), store, report, time_);
    time_ += hours(1);
  }

  json history(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"status", "--history"});
    return mailstow_.backupd_json(more);
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  std::chrono::sys_seconds time_ = base::system_clock().now_seconds() - hours(48);
};

TEST_F(StatusHistoryTest, EachBackupHasItsChangesSinceTheOneBefore) {
  add({.messages = 2});
  add({.messages = 5});
  add({.messages = 1, .kind = store::SnapshotKind::kRescue});
  add({.messages = 4, .vanished = 1});
  const json document = history({"alice"});
  EXPECT_EQ(document["account"], "alice");
  EXPECT_EQ(document["next"], nullptr);
  const json& entries = document["history"];
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0]["messages"], 4) << "the newest is the first";
  EXPECT_EQ(entries[0]["messages_change"], -1) << "since the backup before, not the rescue";
  EXPECT_EQ(entries[0]["vanished"], 1);
  EXPECT_EQ(entries[0]["kind"], "backup");
  EXPECT_EQ(entries[0]["status"], "complete");
  EXPECT_EQ(entries[0]["reasons"], json::array());
  EXPECT_EQ(entries[1]["kind"], "rescue");
  EXPECT_EQ(entries[1]["messages_change"], nullptr);
  EXPECT_EQ(entries[2]["messages_change"], 3);
  EXPECT_EQ(entries[2]["bytes_change"],
            entries[2]["bytes"].get<std::int64_t>() - entries[3]["bytes"].get<std::int64_t>());
  EXPECT_EQ(entries[3]["messages_change"], nullptr) << "the first";
  const std::string text = mailstow_.backupd({"status", "--history", "alice"}).out;
  EXPECT_THAT(text, HasSubstr("+3"));
  EXPECT_THAT(text, HasSubstr("-1"));
}

TEST_F(StatusHistoryTest, AnIncompleteBackupHasItsReasons) {
  add({.messages = 1});
  add({.messages = 1,
       .status = store::SnapshotStatus::kPartial,
       .trouble = "the server answered NO: \x1b[31mbroken",
       .skipped = {{base::Uid{7}, "refused"}, {base::Uid{8}, "refused"}}});
  add({.messages = 1, .status = store::SnapshotStatus::kMoving});
  const json entries = history({"alice"})["history"];
  EXPECT_EQ(entries[0]["status"], "moving");
  ASSERT_EQ(entries[0]["reasons"].size(), 1U);
  EXPECT_EQ(entries[0]["reasons"][0]["folder"], nullptr);
  EXPECT_EQ(entries[1]["status"], "partial");
  EXPECT_EQ(entries[1]["reasons"],
            (json{{{"folder", "INBOX"}, {"reason", "refused"}, {"skipped", 2}},
                  {{"folder", "INBOX"},
                   {"reason", "the server answered NO: \x1b[31mbroken"},
                   {"skipped", 0}}}));
  const std::string text = mailstow_.backupd({"status", "--history", "alice", "--wide"}).out;
  EXPECT_THAT(text, HasSubstr("INBOX: 2 messages skipped: refused; and 1 more reason"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b[31m")));
}

TEST_F(StatusHistoryTest, WithoutANameItIsOfAllAccountsByTime) {
  add({.account = "alice", .messages = 1});
  add({.account = "bob", .messages = 2});
  add({.account = "alice", .messages = 3});
  const json document = history();
  EXPECT_EQ(document["account"], nullptr);
  std::vector<std::string> accounts;
  for (const json& entry : document["history"]) accounts.push_back(entry["account"]);
  EXPECT_THAT(accounts, testing::ElementsAre("alice", "bob", "alice"));
  EXPECT_EQ(document["history"][0]["messages_change"], 2) << "since alice's, not bob's";
  EXPECT_EQ(history({"bob"})["history"].size(), 1U);
}

TEST_F(StatusHistoryTest, ASnapshotThatAWrongClockDatedKeepsItsPlaceAmongAllAccounts) {
  add({.account = "alice", .messages = 1});
  add({.account = "bob", .messages = 2});
  const auto right = time_;
  time_ = right - std::chrono::days(365);
  add({.account = "alice", .messages = 3});
  time_ = right + hours(1);
  add({.account = "alice", .messages = 4});
  add({.account = "bob", .messages = 5});
  std::vector<std::uint64_t> messages;
  std::vector<bool> doubted;
  const json entries = history()["history"];
  for (const json& entry : entries) {
    messages.push_back(entry["messages"]);
    doubted.push_back(entry["doubted"]);
  }
  const json of_alice = history({"alice"})["history"];
  EXPECT_THAT(doubted, testing::ElementsAre(false, false, false, true, false));
  // Alice's keep their order; the doubted one has the likely time of her first.
  EXPECT_THAT(messages, testing::ElementsAre(5U, 4U, 2U, 3U, 1U));
  ASSERT_EQ(of_alice.size(), 3U);
  EXPECT_EQ(of_alice[1]["doubted"], true);
}

TEST_F(StatusHistoryTest, FailedBackupsStandBetweenTheSnapshots) {
  fail({"alice", "bob"});
  add({.messages = 2});
  fail({"alice"});
  add({.messages = 3});
  fail({"bob"});
  const json entries = history({"alice"})["history"];
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0]["status"], "complete");
  EXPECT_EQ(entries[0]["messages_change"], 1);
  EXPECT_EQ(entries[1]["status"], "failed");
  EXPECT_EQ(entries[1]["snapshot"], nullptr);
  EXPECT_EQ(entries[1]["reasons"][0]["reason"], "no connection\x1b[31m");
  EXPECT_EQ(entries[2]["status"], "complete");
  EXPECT_EQ(entries[3]["status"], "failed");
  EXPECT_EQ(history({"bob"})["history"].size(), 2U);
  EXPECT_EQ(history()["history"].size(), 6U);
  const auto text = mailstow_.backupd({"status", "--history", "alice", "--limit", "2"}).out;
  EXPECT_THAT(text, HasSubstr("no connection"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("--after=failed."));
  json all = json::array();
  std::vector<std::string> page = {"--limit", "1"};
  while (all.size() < 10) {
    const json part = history(page);
    for (const json& entry : part["history"]) all.push_back(entry);
    if (part["next"].is_null()) break;
    page = {"--limit", "1", "--after=" + part["next"].get<std::string>()};
  }
  EXPECT_EQ(all, history()["history"]);
}

TEST_F(StatusHistoryTest, TheBackupsOfADayCanBeTogether) {
  add({.messages = 2, .vanished = 1});
  add({.account = "bob", .messages = 5});
  add({.messages = 1, .kind = store::SnapshotKind::kRescue});
  fail({"bob"});
  const json list = history({"--by-day"})["days"];
  std::uint64_t backups = 0;
  std::uint64_t failed = 0;
  for (const json& day : list) {  // the test may run at midnight
    backups += day["backups"].get<std::uint64_t>();
    failed += day["failed"].get<std::uint64_t>();
  }
  EXPECT_EQ(backups, 2U) << "a rescue is no backup: " << list;
  EXPECT_EQ(failed, 1U);
  EXPECT_EQ(list[0]["messages"], 7);
  EXPECT_EQ(list[0]["accounts"], 2);
  EXPECT_EQ(history({"alice", "--by-day"})["days"][0]["messages"], 2);
  EXPECT_THAT(mailstow_.backupd({"status", "--history", "--by-day"}).out, HasSubstr("DAY (UTC)"));
  EXPECT_EQ(mailstow_.backupd({"status", "--by-day"}).status, 2);
}

TEST_F(StatusHistoryTest, TheHintOfTheNextPageCanBePasted) {
  const std::string account = "it's a $(name)";
  fail({"bob"});
  fail({account});
  const std::string next = history({"--limit", "1"})["next"];
  EXPECT_THAT(next, testing::EndsWith("." + account));
  const std::string text = mailstow_.backupd({"status", "--history", "--limit", "1"}).out;
  EXPECT_THAT(text, HasSubstr("--after=" + base::shell_quoted(next) + " shows them"));
  EXPECT_THAT(text, HasSubstr(R"(.it'\''s a $(name)' shows)"));
}

TEST_F(StatusHistoryTest, PagesTogetherAreTheWholeList) {
  for (unsigned night = 1; night <= 5; ++night) add({.messages = night});
  const json whole = history({"alice"})["history"];
  json all = json::array();
  std::vector<std::string> page = {"alice", "--limit", "2"};
  while (all.size() < 10) {
    const json part = history(page);
    EXPECT_LE(part["history"].size(), 2U);
    for (const json& entry : part["history"]) all.push_back(entry);
    if (part["next"].is_null()) break;
    page = {"alice", "--limit", "2", "--after", part["next"]};
  }
  EXPECT_EQ(all, whole);
}

TEST_F(StatusHistoryTest, AnAccountWithoutBackupsIsNoMisspeltName) {
  EXPECT_EQ(history({"bob"})["history"], json::array());
  const auto misspelt = mailstow_.backupd({"status", "--history", "bbo"});
  EXPECT_EQ(misspelt.status, 1);
  EXPECT_THAT(misspelt.err, HasSubstr("bbo: it is not in the configuration"));
  for (const std::vector<std::string>& words : {std::vector<std::string>{"status", "bob"},
                                                {"status", "--limit", "2"},
                                                {"status", "--history", "--brief"}}) {
    EXPECT_EQ(mailstow_.backupd(words).status, 2);
  }
}

}  // namespace
}  // namespace backupd
