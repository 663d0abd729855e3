// The seam to time: all code that reads the time or waits is handed a Clock.
#pragma once

#include <chrono>

namespace base {

using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

// The clocks of two machines that write to one store may differ by this much.
inline constexpr std::chrono::minutes kClockSlack{5};

// Whether a noted time lies in the future of `now`: the clock was ahead when it was noted, or is
// behind now. As the time of something that must be repeated it counts for nothing: it would seem
// to be recent until it has come.
constexpr bool is_in_future(std::chrono::sys_seconds time, std::chrono::sys_seconds now) {
  return time > now + kClockSlack;
}

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  virtual TimePoint now() const = 0;

  // now(), rounded down to a whole second.
  std::chrono::sys_seconds now_seconds() const {
    return std::chrono::floor<std::chrono::seconds>(now());
  }

  // For measuring durations: never jumps.
  virtual std::chrono::steady_clock::time_point steady_now() const = 0;

  // How long the machine has been running, also while it slept; steady_now() stops then.
  virtual std::chrono::seconds since_start() const;

  virtual void sleep_for(std::chrono::milliseconds duration) = 0;
};

Clock& system_clock();

}  // namespace base
