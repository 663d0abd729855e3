// What `doctor` looks at on this machine; its servers are in backupd/doctor/server_checks.h, its
// mail in backupd/doctor/mail_checks.h. Each looks at one thing, and fails only where even looking
// does.
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

// The files that the configuration names passwords, tokens and keys in, and itself: whoever may
// write it has any command run as the service.
std::vector<Finding> look_at_secrets(const base::Config& config, const base::Path& config_file);

// The key file: there, its owner's alone, and it opens the store.
std::vector<Finding> look_at_key(const base::StoreConfig& config, base::FileSystem& files);

// Store and index: there, ours, writable, and the index nobody else's to read.
std::vector<Finding> look_at_store(const base::StoreConfig& config, base::FileSystem& files);

std::vector<Finding> look_at_free_space(const base::StoreConfig& config, base::FileSystem& files);

// How the kernel's clock is kept; nothing: the system does not tell.
struct ClockKeeping {
  bool is_synchronised = false;
};
std::optional<ClockKeeping> clock_keeping();

// `recorded`: of the newest thing in the store.
std::vector<Finding> look_at_clock(std::chrono::sys_seconds now,
                                   std::optional<std::chrono::sys_seconds> recorded,
                                   std::optional<ClockKeeping> keeping);
std::optional<std::chrono::sys_seconds> newest_record(const base::StoreConfig& config,
                                                      base::FileSystem& files);

// What starts backups: a daemon that runs, or timers. A cron job is nothing that can be seen.
std::vector<Finding> look_at_service(const base::StoreConfig& config);

// Whether those who should hear of it do: templates, hooks, metrics, and mail that was to be sent.
std::vector<Finding> look_at_reporting(const base::Environment& environment);

// What `status` is alarmed about. Nothing where the store can't be opened, as other checks say.
std::vector<Finding> look_at_alarms(const base::Environment& environment);

}  // namespace backupd
