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

// Runs on from the time that the other clock shows now, even if that is set meanwhile: for work
// that deletes by a time that was found right when it began. It never shows a later time than the
// other clock does if that is not set.
class UnsettableClock : public Clock {
 public:
  // `clock` must outlive it.
  explicit UnsettableClock(Clock& clock);

  TimePoint now() const override;
  std::chrono::steady_clock::time_point steady_now() const override { return clock_.steady_now(); }
  std::chrono::seconds since_start() const override { return clock_.since_start(); }
  void sleep_for(std::chrono::milliseconds duration) override { clock_.sleep_for(duration); }

 private:
  Clock& clock_;
  TimePoint begin_;
  std::chrono::steady_clock::time_point steady_begin_;
};

}  // namespace base
