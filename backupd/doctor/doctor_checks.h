// The checks of `doctor` on this machine; those of servers are in backupd/doctor/server_checks.h,
// those of outgoing mail in backupd/doctor/mail_checks.h. Each checks one thing, and throws only if
// the check itself is impossible.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backupd/doctor/finding.h"
#include "base/config/config.h"
#include "base/program/program.h"

namespace backupd {

// The files from which the configuration takes passwords, tokens and keys, and the configuration
// itself: a user who can write it can run any command as the service.
std::vector<Finding> check_secrets(const base::Config& config, const base::Path& config_file);

// The key file exists, only its owner can read it, and it opens the store.
std::vector<Finding> check_key(const base::StoreConfig& config, base::FileSystem& files);

// Store and index exist, belong to this user and are writable, and no other user can read the
// index.
std::vector<Finding> check_store(const base::StoreConfig& config, base::FileSystem& files);

std::vector<Finding> check_free_space(const base::StoreConfig& config, base::FileSystem& files);

// Whether the kernel's clock is synchronised; clock_keeping() returns nullopt if the system does
// not report it.
struct ClockKeeping {
  bool is_synchronised = false;
};
std::optional<ClockKeeping> clock_keeping();

// The times recorded in the store.
struct RecordedTimes {
  std::optional<std::chrono::sys_seconds> newest;        // of the newest record
  std::vector<std::chrono::sys_seconds> of_snapshots{};  // of all accounts, in any order
};
std::vector<Finding> check_clock(std::chrono::sys_seconds now, const RecordedTimes& recorded,
                                 std::optional<ClockKeeping> keeping);
RecordedTimes recorded_times(const base::StoreConfig& config, base::FileSystem& files);

// Something starts backups: a running daemon, or timers. A cron job can't be detected.
std::vector<Finding> check_service(const base::StoreConfig& config);

// Reports reach their recipients: templates, hooks, metrics, and mail that could not be sent.
std::vector<Finding> check_reporting(const base::Environment& environment);

// The alarms that `status` shows. Empty if the store can't be opened; other checks report that.
std::vector<Finding> check_alarms(const base::Environment& environment);

}  // namespace backupd
