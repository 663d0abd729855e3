// Notes for prune and sweep that the clock has jumped during a backup, or since the one before. To
// what deletes, the backup's snapshots would look like evidence that the clock is right.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <span>

#include "backupd/backup_clock.h"
#include "base/clock_sighting.h"
#include "base/program/program.h"

namespace backupd {

// The clock as the backup before saw it. If that is unknown, as with a rebuilt index, the time of
// the newest backup that is not later than `now`; nullopt without one.
std::optional<base::ClockSighting> last_sighting(const std::optional<base::ClockSighting>& saved,
                                                 std::span<const DatedBackup> newest,
                                                 std::chrono::sys_seconds now);

// For all threads of the backup.
class ClockWatch {
 public:
  // The environment must outlive it. Compares with `last` once, with the clock of now from then on.
  ClockWatch(const base::Environment& environment, const std::optional<base::ClockSighting>& last);

  // How the clock was when the backup began.
  const base::ClockSighting& begin() const { return begin_; }

  // Called before what was dated becomes durable. If the jump can't be noted, an error is logged.
  void look();

 private:
  void note_jump(const base::ClockSighting& now, const base::ClockSighting& last);

  const base::Environment& environment_;
  std::mutex mutex_;
  base::ClockSighting begin_;
};

}  // namespace backupd
