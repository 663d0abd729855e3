// The amount of mail of one account that may be fetched in a day (`daily_bytes`).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/clock.h"

namespace backupd {

// Days are UTC days; each day starts with the full budget.
class DailyBudget {
 public:
  // `used` bytes were already fetched on `day`. Without `limit` the budget is unlimited. `clock`
  // must outlive this.
  DailyBudget(std::optional<std::uint64_t> limit, std::chrono::sys_days day, std::uint64_t used,
              const base::Clock& clock)
      : limit_(limit), day_(day), used_(used), clock_(clock) {}

  bool is_limited() const { return limit_.has_value(); }

  std::uint64_t left() {
    begin_day();
    if (!limit_) return std::numeric_limits<std::uint64_t>::max();
    return *limit_ - std::min(*limit_, used_);
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

  std::optional<std::uint64_t> limit_;
  std::chrono::sys_days day_;
  std::uint64_t used_;
  const base::Clock& clock_;
};

}  // namespace backupd
