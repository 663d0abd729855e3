// Whether the time that a backup gives its snapshots fits what earlier backups recorded. A wrong
// time costs nothing that is backed up, but it misleads people, the retention and the alarms.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/config/config.h"
#include "base/file_system.h"

namespace backupd {

// The clock that can be set, beside one that can't.
struct ClockSighting {
  std::chrono::sys_seconds time{};
  std::chrono::seconds since_start{};  // of the machine
  std::string start;                   // differs after each start of the machine; empty: unknown
  bool operator==(const ClockSighting&) const = default;
};

ClockSighting see_clock(const base::Clock& clock);

// Kept beside the index; nullopt if it is lost or unreadable.
std::optional<ClockSighting> load_clock_sighting(base::FileSystem& files,
                                                 const base::StoreConfig& store);
void save_clock_sighting(base::FileSystem& files, const base::StoreConfig& store,
                         const ClockSighting& sighting);

// An account's newest backup.
struct DatedBackup {
  std::string account;
  std::chrono::sys_seconds time{};
};

// A line for each doubt: the clock is behind the newest backup of an account, or it has gone on for
// a day more than the time that has passed since the last backup.
std::vector<std::string> clock_troubles(const ClockSighting& now,
                                        const std::optional<ClockSighting>& last,
                                        std::span<const DatedBackup> newest);

}  // namespace backupd
