// `status --history --by-day`: the backups of a day together, and how much the backups hold at its
// end.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/exit_status.h"
#include "base/program/page.h"
#include "base/program/program.h"

namespace backupd {

enum class BackupOutcome { kComplete, kIncomplete, kFailed };

// A backup of one account. A failed one has neither messages nor bytes.
struct AccountBackup {
  std::string account;
  std::chrono::sys_seconds time{};
  BackupOutcome outcome = BackupOutcome::kComplete;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;     // of these messages
  std::uint64_t vanished = 0;  // messages, since the backup before it
};

struct BackupDay {
  std::chrono::sys_days day{};  // in UTC
  // Backups of accounts: those that made a snapshot, those of them that are not complete, and those
  // that failed.
  std::uint64_t backups = 0;
  std::uint64_t incomplete = 0;
  std::uint64_t failed = 0;
  std::uint64_t vanished = 0;
  // The accounts with a backup of this day or an earlier one, and what their newest ones hold.
  std::uint64_t accounts = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  bool operator==(const BackupDay&) const = default;
};

// `backups` in any order; those of one account and time in that of making. The result has the days
// with a backup, the newest first.
std::vector<BackupDay> days_of(std::vector<AccountBackup> backups);

// `account`: empty for all. Prints at most kMaxDays unless the page says otherwise.
inline constexpr std::size_t kMaxDays = 1'000;
base::ExitStatus print_days(const base::Environment& environment, const std::string& account,
                            std::vector<BackupDay> history, const base::Page& page);

}  // namespace backupd
