// A clock that stands still unless something sleeps, or the test moves it. It begins in 1970.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace tests {

class StandingClock : public base::Clock {
 public:
  base::TimePoint now() const override { return base::TimePoint(elapsed); }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::time_point(elapsed);
  }
  void sleep_for(std::chrono::milliseconds duration) override { elapsed += duration; }

  std::chrono::milliseconds elapsed{0};
};

}  // namespace tests
