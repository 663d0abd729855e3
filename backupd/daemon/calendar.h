// Calendar expressions of the configuration: when something is due next.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backupd {

// "hourly", "hourly :15", "daily 02:30", "daily 02:30,14:30 Europe/Oslo", "sunday 04:00",
// "monday,thursday 22:00", "monthly 1 03:00" (a day that a month lacks is its last), "never"; each
// optionally followed by an IANA time zone.
//
// When wall clocks are set forward, a skipped time is due at the moment of the change. When they
// are set back, a repeated time is due only the first time.
class Calendar {
 public:
  // `default_zone` applies to an expression without a time zone. Fails with kConfig; the message
  // shows how to write a schedule.
  static Calendar parse(std::string_view text, std::string_view default_zone);

  // The first due time after `time`; nullopt for "never".
  std::optional<std::chrono::sys_seconds> next_after(std::chrono::sys_seconds time) const;

 private:
  enum class Unit { kNever, kHour, kDay, kMonth };

  bool falls_on(std::chrono::sys_days day) const;

  Unit unit_ = Unit::kNever;
  unsigned weekdays_ = 0x7f;                 // for kDay: bit 0 is Sunday
  unsigned month_day_ = 1;                   // for kMonth
  std::vector<std::chrono::minutes> times_;  // after midnight, or for kHour after the hour; sorted
  std::string zone_;
};

// The part of a day in which jobs may start: "22:00-06:00", both in `zone`; the end is exclusive.
class Window {
 public:
  Window() = default;  // always
  // Fails with kConfig.
  static Window parse(std::string_view text, std::string_view zone);

  bool contains(std::chrono::sys_seconds time) const;

  // `time` itself if the window contains it, otherwise the next opening of the window.
  std::chrono::sys_seconds first_not_before(std::chrono::sys_seconds time) const;

 private:
  bool is_always_ = true;
  std::chrono::minutes from_{};
  std::chrono::minutes to_{};
  std::string zone_;
};

}  // namespace backupd
