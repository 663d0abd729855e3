// Whether the sweeper may believe the system's clock. A clock that jumped would let trees expire
// that have days left: what it says is compared with the last thing that mailstow recorded, and a
// jump is believed only when the clock has gone on from it for an hour.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/file_system.h"

namespace restore {

// Further ahead of the last thing recorded than this, the clock is doubted. Behind it, always.
inline constexpr std::chrono::days kMaxAhead{2};
// So long it must have gone on after a doubt.
inline constexpr std::chrono::hours kDoubtLasts{1};
// A sweep that comes later than this after a doubt doubts anew; weekly sweeps come sooner.
inline constexpr std::chrono::days kDoubtKept{15};

// What earlier sweeps thought of the clock.
struct ClockMemory {
  std::optional<std::chrono::sys_seconds> last;     // the last time that was believed
  std::optional<std::chrono::sys_seconds> doubted;  // when a doubt began, by the doubted clock
  std::optional<std::chrono::sys_seconds>
      overruled;  // what was recorded in a future that never came
  bool operator==(const ClockMemory&) const = default;
};

struct ClockVerdict {
  std::string doubt;   // empty: believed
  ClockMemory memory;  // for the next time
};

// `recorded`: the time of the newest thing in the store, if there is any.
ClockVerdict judge_clock(std::chrono::sys_seconds now,
                         std::optional<std::chrono::sys_seconds> recorded,
                         const ClockMemory& memory);

// The memory in a small file; nothing remembered if it is lost or unreadable. Fails with kIo.
ClockMemory load_clock_memory(base::FileSystem& files, const base::Path& file);
void save_clock_memory(base::FileSystem& files, const base::Path& file, const ClockMemory& memory);

}  // namespace restore
