#include "backupd/report/pass_report.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/backupd/report/refusals.h"

namespace backupd {
namespace {

AccountReport account(PassStatus status, std::optional<base::ErrorCode> error = {}) {
  AccountReport report;
  report.account = "alice";
  report.status = status;
  report.error_code = error;
  if (error) report.error = "it failed";
  return report;
}

int status_of(std::vector<AccountReport> accounts) {
  PassReport report;
  report.accounts = std::move(accounts);
  return static_cast<int>(report.exit_status());
}

TEST(PassReportTest, TheExitStatusShowsHowMuchWasDone) {
  const auto complete = account(PassStatus::kComplete);
  const auto login = account(PassStatus::kFailed, base::ErrorCode::kLogin);
  const auto config = account(PassStatus::kFailed, base::ErrorCode::kConfig);
  EXPECT_EQ(status_of({complete, complete}), 0);
  EXPECT_EQ(status_of({}), 0);
  EXPECT_EQ(status_of({complete, account(PassStatus::kPartial)}), 3);
  EXPECT_EQ(status_of({complete, login}), 3);
  EXPECT_EQ(status_of({login, login}), 1);
  EXPECT_EQ(status_of({login, config}), 2);
  EXPECT_EQ(status_of({complete, account(PassStatus::kPartial, base::ErrorCode::kDamaged)}), 4);
}

TEST(PassReportTest, OneIsSingular) {
  PassReport report;
  report.accounts = {account(PassStatus::kComplete)};
  report.accounts[0].snapshot.emplace();
  report.accounts[0].snapshot->messages = report.accounts[0].snapshot->folders = 1;
  EXPECT_TRUE(report.to_text().starts_with("alice: complete: 1 message in 1 folder, 0 new"))
      << report.to_text();
}

TEST(PassReportTest, WrittenBytesAreSharedOutByNewBytes) {
  PassReport report;
  report.accounts = {account(PassStatus::kComplete), account(PassStatus::kComplete)};
  report.accounts[0].new_bytes = 300;
  report.accounts[1].new_bytes = 100;
  report.share_out(1000);
  EXPECT_EQ(report.accounts[0].stored_bytes, 750U);
  EXPECT_EQ(report.accounts[1].stored_bytes, 250U);
}

TEST(PassReportTest, TheDocumentAlwaysHasEveryField) {
  PassReport report;
  report.accounts = {account(PassStatus::kFailed, base::ErrorCode::kLogin)};
  report.accounts[0].skipped = {{"INBOX", base::Uid{7}, "NIL"}, {"Broken", {}, "NO"}};
  const auto document = nlohmann::json::parse(report.to_json());
  EXPECT_EQ(document["status"], "failed");
  const auto& first = document["accounts"][0];
  for (const char* field : {"account", "status", "snapshot", "folders", "messages", "new_messages",
                            "fetched_bytes", "stored_bytes", "receipts", "skipped", "error"}) {
    EXPECT_TRUE(first.contains(field)) << field;
  }
  EXPECT_EQ(first["skipped"][0]["uid"], 7);
  EXPECT_TRUE(first["skipped"][1]["uid"].is_null());
}

TEST(PassReportTest, RequestsToABucketAreTold) {
  PassReport report;
  EXPECT_FALSE(report.to_document().contains("storage"));
  report.traffic = {.requests = 12, .sent_bytes = 3'000'000, .received_bytes = 1};
  EXPECT_EQ(report.to_document()["storage"]["requests"], 12);
  EXPECT_TRUE(report.to_text().ends_with("Storage: 12 requests, 3.0 MB sent, 1 B received\n"))
      << report.to_text();
}

TEST(PassReportTest, ACauseThatManyAccountsShareIsPrintedOnce) {
  PassReport report;
  for (int number = 0; number < 2'000; ++number) {
    report.accounts.push_back(account(PassStatus::kFailed, base::ErrorCode::kNetwork));
    report.accounts.back().account = "account-" + std::to_string(number);
    report.accounts.back().alarms = {"last backed up at " + std::to_string(number)};
  }
  report.accounts.push_back(account(PassStatus::kComplete));
  const std::string text = report.to_text();
  EXPECT_LE(std::ranges::count(text, '\n'), 20) << text;
  EXPECT_NE(text.find("2,000 accounts are not backed up: it failed\n"), std::string::npos);
  EXPECT_NE(text.find("alice: complete: "), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(report.to_json())["accounts"].size(), 2'001U);
}

TEST(PassReportTest, ManyCausesStayReadable) {
  PassReport report;
  for (std::size_t number = 0; number < kManyAccounts; ++number) {
    report.accounts.push_back(account(PassStatus::kFailed, base::ErrorCode::kNetwork));
    report.accounts.back().account = "account-" + std::to_string(number);
    report.accounts.back().error = "cause " + word_of(number % 100);
  }
  EXPECT_LE(std::ranges::count(report.to_text(), '\n'), 20);
}

PassReport refused_by(const Refusal& refusal) {
  PassReport report;
  for (std::size_t number = 0; number < kManyAccounts; ++number) {
    AccountReport& refused = report.accounts.emplace_back();
    refused.account = "account-" + std::to_string(number);
    refused.user = word_of(number);
    refused.error = refusal(refused.user, number);
  }
  return report;
}

TEST(PassReportTest, WhatAServerSaysToEachAccountIsPrintedOnce) {
  for (const Refusal& refusal : refusals_of_all()) {
    const PassReport report = refused_by(refusal);
    EXPECT_EQ(
        report.to_text(),
        "2,000 accounts are not backed up, for example account-0: " + refusal(word_of(0), 0) +
            "\n  account-0, account-1, account-2 and 1,997 more (see reports/backup.json beside "
            "the index)\n");
    const auto last = nlohmann::json::parse(report.to_json())["accounts"][1'999];
    EXPECT_EQ(last["account"], "account-1999");
    EXPECT_EQ(last["user"], word_of(1'999));
    EXPECT_EQ(last["error"], refusal(word_of(1'999), 1'999));
  }
}

TEST(PassReportTest, TextsWithoutLimitStayReadable) {
  PassReport report = refused_by(another_cause);
  const std::string text = report.to_text();
  EXPECT_LE(std::ranges::count(text, '\n'), 20) << text;
  EXPECT_NE(text.find("and 1,987 more: see reports/backup.json beside the index\n"),
            std::string::npos)
      << text;
  for (AccountReport& account : report.accounts) report.vanished.push_back(account.account);
  const std::string with_vanished = report.to_text();
  EXPECT_LE(std::ranges::count(with_vanished, '\n'), 20);
  EXPECT_NE(with_vanished.find("account-2 and 1,997 more (see reports/backup.json beside the "
                               "index): each no longer on its server"),
            std::string::npos);
}

// They have a line of their own as after any backup.
TEST(PassReportTest, ManyBackupsThatEndHalfWayHaveAFewTexts) {
  PassReport report = refused_by(closed);
  for (AccountReport& account : report.accounts) {
    account.status = PassStatus::kPartial;
    account.fetched_messages = 7;
    account.warnings = {"odd " + account.user};
  }
  report.accounts.back().error = "out of memory";
  const std::string text = report.to_text();
  EXPECT_EQ(std::ranges::count(text, '\n'), 2'000 + 3 + 1 + 3 + 2);
  EXPECT_NE(text.find("\n  " + closed("", 2) + "\n"), std::string::npos);
  EXPECT_EQ(text.find(closed("", 3)), std::string::npos);
  EXPECT_NE(text.find("\n  out of memory\n"), std::string::npos);
  EXPECT_NE(text.find("... and 1,996 more errors of these accounts: see reports/backup.json beside "
                      "the index\n"),
            std::string::npos);
  EXPECT_NE(text.find("... and 1,997 more warnings of these accounts: see reports/backup.json "
                      "beside the index\n"),
            std::string::npos);
}

TEST(PassReportTest, WarningsThatDifferByTheFolderAreAFewTexts) {
  PassReport report;
  report.accounts = {account(PassStatus::kComplete)};
  for (const char* folder : {"INBOX", "Work", "Old mail", "Lists: all", "Sent", "The server"}) {
    report.accounts[0].receipts.push_back({folder, 1, {}});
    report.accounts[0].warnings.push_back(std::string(folder) + ": the server does not list this");
  }
  for (std::size_t number = 0; number < FewOfEach::kMaxShown; ++number) {
    report.accounts[0].warnings.push_back("odd " + word_of(number));
  }
  const std::string text = report.to_text();
  EXPECT_NE(text.find("warning: Old mail: the server does not list this\n"), std::string::npos);
  EXPECT_EQ(text.find("Lists: all: the"), std::string::npos) << "three are enough";
  EXPECT_NE(text.find("warning: odd " + word_of(8) + "\n"), std::string::npos);
  EXPECT_EQ(text.find("warning: odd " + word_of(9) + "\n"), std::string::npos);
  EXPECT_NE(text.find("... and 6 more warnings of these accounts: see reports/backup.json"),
            std::string::npos);
}

// It has no kept report.
TEST(PassReportTest, TheTextOfABackupOfNamedAccountsDoesNotNameAFile) {
  PassReport report = refused_by(another_cause);
  report.accounts.resize(40);
  report.scope = BackupScope::kNamedAccounts;
  report.accounts.push_back(account(PassStatus::kComplete));
  for (std::size_t number = 0; number < 40; ++number) {
    report.accounts.back().alarms.push_back("the mail of " + word_of(number) + " vanished");
  }
  std::string text = report.to_text();
  EXPECT_NE(text.find("and 27 more: see the report with --json\n"), std::string::npos) << text;
  EXPECT_NE(text.find("... and 28 more ALARMs of these accounts: see the report with --json\n"),
            std::string::npos)
      << text;
  EXPECT_FALSE(names_backup_report(text));
  report.scope = BackupScope::kAllAccounts;
  EXPECT_TRUE(names_backup_report(report.to_text()));
  report.accounts.back().alarms.resize(FewOfEach::kMaxShown);
  report.accounts.erase(report.accounts.begin(), report.accounts.end() - 1);
  EXPECT_FALSE(names_backup_report(report.to_text())) << "nothing is left out";
}

TEST(PassReportTest, TheUserIsNamedIfItsNameIsNotThatOfTheAccount) {
  PassReport report;
  report.accounts = {account(PassStatus::kComplete), account(PassStatus::kComplete)};
  report.accounts[0].user = "alice";
  report.accounts[1].user = "asmith";
  const auto accounts = nlohmann::json::parse(report.to_json())["accounts"];
  EXPECT_FALSE(accounts[0].contains("user"));
  EXPECT_EQ(accounts[1]["user"], "asmith");
}

TEST(PassReportTest, TextFromTheServerIsEscaped) {
  PassReport report;
  report.accounts = {account(PassStatus::kPartial)};
  report.accounts[0].skipped = {{"INBOX", base::Uid{7}, "\x1b[2J"}};
  EXPECT_EQ(report.to_text().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace backupd
