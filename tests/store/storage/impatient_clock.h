// A clock on which pauses take no time. Thread-safe.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace tests {

class ImpatientClock : public base::Clock {
 public:
  base::TimePoint now() const override { return {}; }
  std::chrono::steady_clock::time_point steady_now() const override { return {}; }
  void sleep_for(std::chrono::milliseconds) override {}
};

}  // namespace tests
