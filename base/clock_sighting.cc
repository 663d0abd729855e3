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

}  // namespace base
