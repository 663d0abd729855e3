// Decides whether the sweeper may trust the system's clock. A clock that jumped would expire trees
// that have days left, so its time is compared with the last time that mailstow recorded, and a
// jump is accepted only after the clock has run on from it for an hour.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/file_system.h"

namespace restore {

// The clock is doubted if it is further ahead of the last recorded time than this, and always if it
// is behind it.
inline constexpr std::chrono::days kMaxAhead{2};
// How long the clock must run on after a doubt before it is trusted.
inline constexpr std::chrono::hours kDoubtLasts{1};
// A sweep later than this after a doubt begins a new doubt; weekly sweeps come sooner.
inline constexpr std::chrono::days kDoubtKept{15};

// Earlier sweeps' verdicts on the clock.
struct ClockMemory {
  std::optional<std::chrono::sys_seconds> last;       // the last trusted time
  std::optional<std::chrono::sys_seconds> doubted;    // when a doubt began, by the doubted clock
  std::optional<std::chrono::sys_seconds> overruled;  // a time recorded in a future that never came
  bool operator==(const ClockMemory&) const = default;
};

struct ClockVerdict {
  std::string doubt;   // empty: the clock is trusted
  ClockMemory memory;  // for the next sweep
};

// `recorded`: the newest time recorded in the store, if any.
ClockVerdict judge_clock(std::chrono::sys_seconds now,
                         std::optional<std::chrono::sys_seconds> recorded,
                         const ClockMemory& memory);

// The memory is kept in a small file, and is empty if that is lost or unreadable. Fails with kIo.
ClockMemory load_clock_memory(base::FileSystem& files, const base::Path& file);
void save_clock_memory(base::FileSystem& files, const base::Path& file, const ClockMemory& memory);

}  // namespace restore
