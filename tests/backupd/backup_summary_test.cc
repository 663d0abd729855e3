#include "backupd/backup_summary.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/backupd/report/refusals.h"

namespace backupd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::chrono::sys_seconds kNight{std::chrono::seconds(1'795'660'200)};

AccountReport complete(const std::string& name, std::uint64_t new_messages) {
  AccountReport account;
  account.account = name;
  account.status = PassStatus::kComplete;
  account.new_messages = new_messages;
  return account;
}

base::JobRecord job(const std::string& name, std::optional<int> status) {
  base::JobRecord record;
  record.job = name;
  record.started = kNight;
  record.ended = kNight;
  record.status = status;
  return record;
}

TEST(BackupSummaryTest, SkippedMessagesAreProblemsUnlessAcknowledged) {
  PassReport report;
  report.accounts = {complete("al\nice", 0)};
  AccountReport& account = report.accounts.front();
  account.status = PassStatus::kPartial;
  account.skipped = {{"IN\x1b[2JBOX", base::Uid{7}, "NIL", false},
                     {"INBOX", base::Uid{8}, "NIL", true},
                     {"Away", std::nullopt, "it could not be opened", false}};
  report.vanished = {"bob"};
  EXPECT_THAT(
      troubles_of(report),
      ElementsAre("al\\x0Aice: IN\\x1B[2JBOX, UID 7: skipped: NIL",
                  "al\\x0Aice: Away: skipped: it could not be opened",
                  "bob: no longer on its server nor in the configuration: its snapshots are kept "
                  "(see `forget`)"));
  const base::JobSummary summary = summarise(report, {});
  EXPECT_EQ(summary.headline, "backup partial: 1 account, 1 with problems");
  EXPECT_THAT(summary.body, HasSubstr("; 2 skipped.\n"));
  EXPECT_THAT(summary.body, Not(HasSubstr("\x1b")));
}

TEST(BackupSummaryTest, ListsTheWarningsOfCompleteAccounts) {
  PassReport report;
  report.accounts = {complete("al\nice", 0), complete("bob", 0)};
  EXPECT_THAT(summarise(report, {}).body, Not(HasSubstr("Warnings")));
  report.accounts[0].warnings = {"Odd: the server does not list this\x1b[2J folder"};
  const base::JobSummary summary = summarise(report, {});
  EXPECT_EQ(summary.headline, "backup complete: 2 accounts");
  EXPECT_THAT(summary.body,
              HasSubstr("No problems.\n\nWarnings:\n"
                        "  al\\x0Aice: Odd: the server does not list this\\x1B[2J folder\n\n"));
  report.accounts[1].warnings.assign(300, "odd");
  EXPECT_THAT(summarise(report, {}).body,
              HasSubstr("  and 101 more: see reports/backup.json beside the index.\n"));
}

TEST(BackupSummaryTest, StaysReadableWithManyAccounts) {
  PassReport report;
  for (std::uint64_t number = 0; number < 10'000; ++number) {
    report.accounts.push_back(complete("account-" + std::to_string(number), number % 2));
    if (number % 4 == 0) continue;
    report.accounts.back().status = PassStatus::kPartial;
    report.accounts.back().error = "no connection " + word_of(number);
    report.accounts.back().skipped = {{"INBOX", base::Uid{7}, "NIL", false}};
  }
  const base::JobSummary summary = summarise(report, {});
  EXPECT_EQ(summary.headline, "backup partial: 10,000 accounts, 7,500 with problems");
  EXPECT_LT(summary.body.size(), 50'000U);
  EXPECT_THAT(summary.body, HasSubstr("  and 7,313 more: "))
      << "of 12 errors, 7,500 skipped messages, and the count of the other errors";
  EXPECT_THAT(summary.body,
              HasSubstr("... and 7,300 more: see reports/backup.json beside the index.\n"));
  EXPECT_THAT(summary.body, HasSubstr("2,500 accounts complete, with nothing new.\n"));
}

TEST(BackupSummaryTest, ADeadServerIsOneProblem) {
  PassReport report;
  for (int number = 0; number < 2'000; ++number) {
    AccountReport& account = report.accounts.emplace_back();
    account.account = "account-" + std::to_string(number);
    account.error = "connect to imap.example.org: refused";
    account.alarms = {"it was never backed up successfully"};
  }
  const std::string body = summarise(report, {}).body;
  EXPECT_LE(std::ranges::count(body, '\n'), 20) << body;
  EXPECT_THAT(
      body, HasSubstr("2,000 accounts are not backed up: connect to imap.example.org: refused\n"));
  EXPECT_THAT(body, HasSubstr("account-0, account-1, account-2 and 1,997 more (see "
                              "reports/backup.json beside the index)\n"));
  EXPECT_THAT(body, HasSubstr("ALARM for 2,000 of them: it was never backed up successfully\n"));
}

TEST(BackupSummaryTest, WhatAServerSaysToEachAccountIsOneProblem) {
  std::vector<Refusal> refusals = refusals_of_all();
  refusals.emplace_back(another_cause);
  for (const Refusal& refusal : refusals) {
    PassReport report;
    for (std::size_t number = 0; number < kManyAccounts; ++number) {
      AccountReport& account = report.accounts.emplace_back();
      account.account = "account-" + std::to_string(number);
      account.user = word_of(number);
      account.error = refusal(account.user, number);
    }
    const std::string body = summarise(report, {}).body;
    EXPECT_LE(std::ranges::count(body, '\n'), 20) << body;
    EXPECT_THAT(body, HasSubstr(refusal(word_of(0), 0) + "\n"));
    EXPECT_THAT(body, Not(HasSubstr(refusal(word_of(1'999), 1'999))));
  }
}

// They have new mail besides.
TEST(BackupSummaryTest, ManyBackupsThatEndHalfWayHaveAFewTexts) {
  PassReport report;
  for (std::size_t number = 0; number < kManyAccounts; ++number) {
    AccountReport& account = report.accounts.emplace_back();
    account.account = "account-" + std::to_string(number);
    account.status = PassStatus::kPartial;
    account.error = closed("", number);
  }
  const auto troubles = troubles_of(report);
  ASSERT_EQ(troubles.size(), 4U);
  EXPECT_EQ(troubles[2], "account-2: " + closed("", 2));
  EXPECT_EQ(troubles[3],
            "1,997 more accounts that could not be backed up completely: see reports/backup.json "
            "beside the index");
}

TEST(BackupSummaryTest, ReportsTheGrowthOfTheStoreAndTheOtherJobs) {
  BackupFacts facts;
  facts.now = kNight;
  facts.store.pack_bytes = 5'000'000;
  const PassReport report;
  base::JobRecord before = job("backup", 0);
  before.details = details_of(report, facts);
  facts.earlier = earlier_store(before);
  ASSERT_TRUE(facts.earlier.has_value());
  facts.store.pack_bytes = 4'000'000;  // after a prune
  facts.jobs = {before, job("prune", 1), job("sweep", std::nullopt), job("drill", 4)};
  facts.jobs[1].error = "disk full";
  facts.jobs[3].details = R"({"intact":299,"messages":300})";
  const std::string body = summarise(report, facts).body;
  EXPECT_THAT(body, HasSubstr("; 1.0 MB less than after the backup of 2026-11-26T02:30:00Z.\n"));
  EXPECT_THAT(body, HasSubstr("  prune  2026-11-26T02:30:00Z  nothing was done: disk full\n"));
  EXPECT_THAT(body, HasSubstr("  sweep  2026-11-26T02:30:00Z  died before it finished\n"));
  EXPECT_THAT(body, HasSubstr("the store is damaged: 299 of 300 messages were read back intact"));
  EXPECT_THAT(body, Not(HasSubstr("  backup ")));
  EXPECT_EQ(earlier_store(job("backup", 0)), std::nullopt);
}

}  // namespace
}  // namespace backupd
