// The backups of a day together: `status --history --by-day`.
#include "backupd/daily_history.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace backupd {
namespace {

using std::chrono::hours;

constexpr std::chrono::sys_days kFirstDay = std::chrono::year(2026) / 11 / 20;

AccountBackup backup(const std::string& account, std::chrono::sys_seconds time,
                     std::uint64_t messages, std::uint64_t vanished = 0) {
  return {.account = account,
          .time = time,
          .messages = messages,
          .bytes = messages * 10,
          .vanished = vanished};
}

TEST(DailyHistoryTest, ADayHasWhatTheNewestBackupsHoldAtItsEnd) {
  const auto made =
      days_of({backup("alice", kFirstDay + hours(2), 5), backup("bob", kFirstDay + hours(2), 7),
               backup("alice", kFirstDay + hours(20), 3, 2),
               backup("alice", kFirstDay + std::chrono::days(2), 4, 1)});
  ASSERT_EQ(made.size(), 2U) << "a day without a backup is left out";
  EXPECT_EQ(made[0], (BackupDay{.day = kFirstDay + std::chrono::days(2),
                                .backups = 1,
                                .vanished = 1,
                                .accounts = 2,
                                .messages = 11,
                                .bytes = 110}));
  EXPECT_EQ(made[1], (BackupDay{.day = kFirstDay,
                                .backups = 3,
                                .vanished = 2,
                                .accounts = 2,
                                .messages = 10,
                                .bytes = 100}));
}

TEST(DailyHistoryTest, AFailedBackupCountsAndHoldsNothing) {
  AccountBackup incomplete = backup("alice", kFirstDay, 5);
  incomplete.outcome = BackupOutcome::kIncomplete;
  AccountBackup failed = backup("alice", kFirstDay + hours(23), 0);
  failed.outcome = BackupOutcome::kFailed;
  EXPECT_EQ(days_of({incomplete, failed}), (std::vector{BackupDay{.day = kFirstDay,
                                                                  .backups = 1,
                                                                  .incomplete = 1,
                                                                  .failed = 1,
                                                                  .accounts = 1,
                                                                  .messages = 5,
                                                                  .bytes = 50}}));
  EXPECT_TRUE(days_of({}).empty());
}

RC_GTEST_PROP(DailyHistoryTest, TheLastDayIsTheSumOfTheNewest, ()) {
  const auto count = *rc::gen::inRange(1, 40);
  std::vector<AccountBackup> backups;
  std::map<std::string, std::uint64_t> newest;
  std::uint64_t vanished = 0;
  for (int at = 0; at < count; ++at) {
    const std::string account(1, *rc::gen::inRange('a', 'e'));
    backups.push_back(backup(account, kFirstDay + hours(5 * at), *rc::gen::inRange(0U, 1'000U),
                             *rc::gen::inRange(0U, 9U)));
    newest[account] = backups.back().messages;
    vanished += backups.back().vanished;
  }
  std::uint64_t messages = 0;
  for (const auto& [account, held] : newest) messages += held;
  const auto made = days_of(backups);
  std::uint64_t found = 0;
  std::uint64_t lost = 0;
  for (const BackupDay& day : made) {
    found += day.backups;
    lost += day.vanished;
  }
  RC_ASSERT(made.front().messages == messages);
  RC_ASSERT(made.front().accounts == newest.size());
  RC_ASSERT(found == static_cast<std::uint64_t>(count));
  RC_ASSERT(lost == vanished);
  std::ranges::reverse(backups);
  RC_ASSERT(days_of(backups) == made);
}

}  // namespace
}  // namespace backupd
