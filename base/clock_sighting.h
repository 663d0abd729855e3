// The clock that can be set, beside one that can't: two sightings show whether it was set between
// them.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"

namespace base {

struct ClockSighting {
  std::chrono::sys_seconds time{};
  std::chrono::seconds since_start{};  // of the machine
  std::string start;                   // differs after each start of the machine; empty: unknown
  bool operator==(const ClockSighting&) const = default;

  // Whether the machine ran on from `earlier` to this sighting.
  bool is_same_start(const ClockSighting& earlier) const {
    return !start.empty() && start == earlier.start;
  }

  // If so: by how much more the clock advanced than the time that passed.
  std::chrono::seconds lead_over(const ClockSighting& earlier) const {
    return (time - earlier.time) - (since_start - earlier.since_start);
  }
};

ClockSighting see_clock(const Clock& clock);

}  // namespace base
