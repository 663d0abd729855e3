// What shows times, and changes nothing: how far the system's clock can be trusted now, and which
// snapshots a wrong clock dated.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock_sighting.h"
#include "base/file_system.h"
#include "store/clock_guard.h"
#include "store/format/location.h"
#include "store/format/snapshot.h"

namespace store {

struct ClockState {
  std::chrono::sys_seconds now{};
  std::string doubt =
      {};  // for people, why the clock is not trusted; empty: nothing contradicts it
  // The last time at which it was trusted. If the clock is in doubt because it is behind that, the
  // time has come all the same.
  std::optional<std::chrono::sys_seconds> trusted = {};
  // Snapshots from this time on are those of a clock that may be ahead.
  std::optional<std::chrono::sys_seconds> ahead_since = {};
};

// The verdict of the guard, without its change of the memory. Unlike the guard it takes a long time
// without any record for what it mostly is, a pause, unless a doubt has begun or the clock was
// ahead before; and after 35 days (kDoubtKept) a clock that agrees with the newest backup is not
// behind. `recorded`, `command`: as for judge_clock().
ClockState clock_state(const base::ClockSighting& now, const NewestRecords& recorded,
                       const ClockMemory& memory, std::string_view command);
ClockState clock_state(const Location& location, base::FileSystem& files,
                       const base::ClockSighting& now, const NewestRecords& recorded,
                       std::string_view command);

enum class TimeDoubt {
  kNone,
  kWasAhead,     // it was made with a clock that was ahead
  kWasBehind,    // it was made with a clock that was behind
  kMayBeAhead,   // it was made with the present clock, which is in doubt
  kEitherWrong,  // it is in the future: the clock was ahead then, or is behind now
  kLater,  // it is in the future, because the clock is behind now: its own time is not doubted
};

// `snapshots`: of an account, in the order in which they were made (store/doubted_times.h).
std::vector<TimeDoubt> time_doubts(std::span<const SnapshotInfo> snapshots,
                                   const ClockState& clock);

// Whether the time of the snapshot is doubted.
bool is_doubted(TimeDoubt doubt);

// A mark for people; empty for kNone.
std::string_view mark_of(TimeDoubt doubt);

}  // namespace store
