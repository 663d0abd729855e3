// Whether the time that a backup gives its snapshots fits what earlier backups recorded. A wrong
// time costs nothing that is backed up, but it misleads people, the retention and the alarms.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock_sighting.h"
#include "base/config/config.h"
#include "base/file_system.h"

namespace backupd {

// Kept beside the index; nullopt if it is lost or unreadable.
std::optional<base::ClockSighting> load_clock_sighting(base::FileSystem& files,
                                                       const base::StoreConfig& store);
void save_clock_sighting(base::FileSystem& files, const base::StoreConfig& store,
                         const base::ClockSighting& sighting);

// An account's newest backup.
struct DatedBackup {
  std::string account;
  std::chrono::sys_seconds time{};
};

// A line for each doubt: the clock is behind the newest backup of an account, or it has gone on for
// a day more than the time that has passed since the last backup; after a restart of the machine,
// when that time is unknown, for two weeks.
std::vector<std::string> clock_troubles(const base::ClockSighting& now,
                                        const std::optional<base::ClockSighting>& last,
                                        std::span<const DatedBackup> newest);

// Whether the clock has gone on for longer since then than the guard of what deletes accepts
// (store/clock_guard.h), and than is known to have passed: after a restart that is unknown.
bool has_jumped_ahead(const base::ClockSighting& now, const base::ClockSighting& last);

// Whether the clock shows an earlier time than then.
bool has_gone_back(const base::ClockSighting& now, const base::ClockSighting& last);

}  // namespace backupd
