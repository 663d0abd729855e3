#include "base/clock_sighting.h"

#include <fstream>

namespace base {

namespace {

std::string machine_start() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string start;
  std::getline(file, start);
  return start;
}

}  // namespace

ClockSighting see_clock(const Clock& clock) {
  return {
      .time = clock.now_seconds(), .since_start = clock.since_start(), .start = machine_start()};
}

// In this order, so that the pause between the two readings makes it slow, not fast.
UnsettableClock::UnsettableClock(Clock& clock)
    : clock_(clock), begin_(clock.now()), steady_begin_(clock.steady_now()) {}

TimePoint UnsettableClock::now() const {
  return begin_ +
         std::chrono::floor<std::chrono::milliseconds>(clock_.steady_now() - steady_begin_);
}

}  // namespace base
