// When something is due again: calendar expressions of the configuration.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backupd {

// "hourly", "hourly :15", "daily 02:30", "daily 02:30,14:30 Europe/Oslo", "sunday 04:00",
// "monday,thursday 22:00", "monthly 1 03:00" (a day that a month lacks is its last), "never"; each
// with an IANA time zone behind it or not.
//
// Wall clocks that are set forward skip a time: what was due then is due at the moment of the
// change. A time that comes twice when they are set back is due the first time only.
class Calendar {
 public:
  // `default_zone` is for an expression without one. Fails with kConfig, in words for who wrote it.
  static Calendar parse(std::string_view text, std::string_view default_zone);

  // The first moment after `time`; nothing for "never".
  std::optional<std::chrono::sys_seconds> next_after(std::chrono::sys_seconds time) const;

 private:
  enum class Unit { kNever, kHour, kDay, kMonth };

  bool falls_on(std::chrono::sys_days day) const;

  Unit unit_ = Unit::kNever;
  unsigned weekdays_ = 0x7f;                 // of kDay: bit 0 is Sunday
  unsigned month_day_ = 1;                   // of kMonth
  std::vector<std::chrono::minutes> times_;  // after midnight, or of kHour after the hour; sorted
  std::string zone_;
};

// The part of a day in which work may start: "22:00-06:00", both in `zone`; the end is exclusive.
class Window {
 public:
  Window() = default;  // always
  // Fails with kConfig.
  static Window parse(std::string_view text, std::string_view zone);

  bool contains(std::chrono::sys_seconds time) const;

  // `time` itself, or when the window opens next.
  std::chrono::sys_seconds first_not_before(std::chrono::sys_seconds time) const;

 private:
  bool is_always_ = true;
  std::chrono::minutes from_{};
  std::chrono::minutes to_{};
  std::string zone_;
};

}  // namespace backupd
