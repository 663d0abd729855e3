#include "backupd/pass/cause_log.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backupd/report/refusals.h"

namespace backupd {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string logged_by(const std::function<void(CauseLog& log)>& report,
                      BackupScope scope = BackupScope::kAllAccounts) {
  testing::internal::CaptureStderr();
  CauseLog log(scope);
  report(log);
  log.finish();
  return testing::internal::GetCapturedStderr();
}

void report_all(CauseLog& log, const Refusal& refusal) {
  for (std::size_t number = 0; number < kManyAccounts; ++number) {
    const std::string user = word_of(number);
    log.report({user, user}, refusal(user, number));
  }
}

TEST(CauseLogTest, ASharedCauseIsLoggedOnce) {
  const std::string logged = logged_by([](CauseLog& log) {
    log.report({"alice", {}}, "refused");
    log.report({"bob", {}}, "refused");
    log.report({"carol", {}}, "wrong password");
  });
  EXPECT_THAT(logged, HasSubstr("alice: refused"));
  EXPECT_THAT(logged, Not(HasSubstr("bob")));
  EXPECT_THAT(logged, HasSubstr("carol: wrong password"));
  EXPECT_THAT(logged, HasSubstr("1 more error of accounts: 1 with a cause named above, 0 with "));
}

TEST(CauseLogTest, NothingLeftOutIsNothingToSay) {
  const std::string logged = logged_by([](CauseLog& log) { log.report({"alice", {}}, "refused"); });
  EXPECT_EQ(std::ranges::count(logged, '\n'), 1) << logged;
}

TEST(CauseLogTest, TextsThatNameAccountsAndSessionsAreOneCause) {
  for (const Refusal& refusal : refusals_of_all()) {
    const std::string logged = logged_by([&](CauseLog& log) { report_all(log, refusal); });
    EXPECT_EQ(std::ranges::count(logged, '\n'), 2) << logged;
    EXPECT_THAT(logged, HasSubstr("k: " + refusal("k", 0)));
    EXPECT_THAT(logged, HasSubstr("1,999 more errors of accounts: 1,999 with a cause named above"));
  }
}

TEST(CauseLogTest, ADifferentCauseIsLoggedToo) {
  const std::string logged = logged_by([&](CauseLog& log) {
    report_all(log, closed);
    log.report({"alice", "alice"}, wrong_own_password("alice", 0));
    log.report({"bob", "bob"}, wrong_own_password("bob", 0));
  });
  EXPECT_THAT(logged, HasSubstr("alice: " + wrong_own_password("alice", 0)));
  EXPECT_EQ(std::ranges::count(logged, '\n'), 3) << logged;
}

TEST(CauseLogTest, ManyCausesAreCounted) {
  const std::string logged = logged_by([](CauseLog& log) {
    report_all(log, another_cause);
    for (std::size_t number = 0; number < kManyAccounts; ++number) {
      log.warn({"alice", {}}, another_cause("alice", number), ": trying again");
    }
  });
  constexpr std::size_t kMost = CauseLog::kMaxErrors + 1 + CauseLog::kMaxWarnings + 1;
  EXPECT_EQ(std::ranges::count(logged, '\n'), static_cast<std::ptrdiff_t>(kMost)) << logged;
  EXPECT_THAT(logged,
              HasSubstr("1,995 more errors of accounts: 0 with a cause named above, 1,995"));
  EXPECT_THAT(logged, HasSubstr("1,995 more warnings about accounts: "));
}

TEST(CauseLogTest, WarningsWithOneCauseAreLoggedAFewTimes) {
  const std::string logged = logged_by([](CauseLog& log) {
    for (std::size_t number = 0; number < 9; ++number) {
      log.warn({"alice", {}}, "the connection is lost", fmt::format(": again in {} ms", number));
    }
  });
  EXPECT_THAT(logged, HasSubstr("alice: the connection is lost: again in 2 ms"));
  EXPECT_THAT(logged, Not(HasSubstr("again in 3 ms")));
  EXPECT_THAT(logged, HasSubstr("6 more warnings about accounts: --verbose logs each"));
}

TEST(CauseLogTest, FoldersOfOneAccountLeaveRoomForOtherWarnings) {
  const std::string logged = logged_by([](CauseLog& log) {
    for (const char* folder : {"INBOX", "Work", "Plans", "Lists", "Sent", "Old mail"}) {
      log.warn_of_folder({"alice", {}, folder}, "the server listed no folder at all");
    }
    log.warn({"bob", {}}, "its rights are unknown");
  });
  EXPECT_THAT(logged, HasSubstr("alice: Plans: the server listed no folder at all"));
  EXPECT_THAT(logged, Not(HasSubstr("Lists")));
  EXPECT_THAT(logged, HasSubstr("bob: its rights are unknown"));
  EXPECT_THAT(logged, HasSubstr("3 more warnings about accounts: "));
}

TEST(CauseLogTest, WhatIsLeftOutIsWhereTheBackupPutsIt) {
  const auto report = [](CauseLog& log) { report_all(log, closed); };
  EXPECT_THAT(logged_by(report), HasSubstr(": see reports/backup.json beside the index"));
  EXPECT_THAT(logged_by(report, BackupScope::kNamedAccounts),
              HasSubstr(": see the report with --json"));
}

}  // namespace
}  // namespace backupd
