// The seam to time: all code that reads the time or waits is handed a Clock.
#pragma once

#include <chrono>

namespace base {

using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

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

  virtual void sleep_for(std::chrono::milliseconds duration) = 0;
};

Clock& system_clock();

}  // namespace base
