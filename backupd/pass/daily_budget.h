// How much mail of one account may be fetched in a day (daily_bytes in the configuration).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/clock.h"

namespace backupd {

// Days are those of UTC: with the next one all of it is there again.
class DailyBudget {
 public:
  // `used` were fetched on `day` already. `clock` must outlive it. Without `most` there is no
  // limit.
  DailyBudget(std::optional<std::uint64_t> most, std::chrono::sys_days day, std::uint64_t used,
              const base::Clock& clock)
      : most_(most), day_(day), used_(used), clock_(clock) {}

  bool is_limited() const { return most_.has_value(); }

  std::uint64_t left() {
    begin_day();
    if (!most_) return std::numeric_limits<std::uint64_t>::max();
    return *most_ - std::min(*most_, used_);
  }

  bool is_untouched() {
    begin_day();
    return used_ == 0;
  }

  void use(std::uint64_t bytes) {
    begin_day();
    used_ += bytes;
  }

  // The day on which something was last used, and how much.
  std::chrono::sys_days day() const { return day_; }
  std::uint64_t used() const { return used_; }

 private:
  void begin_day() {
    const auto today = std::chrono::floor<std::chrono::days>(clock_.now());
    if (today == day_) return;
    day_ = today;
    used_ = 0;
  }

  std::optional<std::uint64_t> most_;
  std::chrono::sys_days day_;
  std::uint64_t used_;
  const base::Clock& clock_;
};

}  // namespace backupd
