#include "backupd/daemon/calendar.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <date/tz.h>

#include "base/error.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

namespace {

using base::ErrorCode;
using std::chrono::days;
using std::chrono::minutes;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};

std::vector<std::string_view> split_at(std::string_view text, char separator) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0 || separator != ' ') words.push_back(text.substr(0, end));
    if (end == text.size()) return words;
    text.remove_prefix(end + 1);
  }
}

std::optional<unsigned> parse_number(std::string_view text, unsigned least, unsigned most) {
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number < least || number > most) return std::nullopt;
  return number;
}

// "02:30", or ":15" if `hours_too` is false.
std::optional<minutes> parse_clock(std::string_view text, bool hours_too) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.size() - colon != 3) return std::nullopt;
  const auto minute = parse_number(text.substr(colon + 1), 0, 59);
  if (!hours_too) return colon == 0 && minute ? std::optional(minutes(*minute)) : std::nullopt;
  const auto hour = parse_number(text.substr(0, colon), 0, 23);
  if (!hour || !minute) return std::nullopt;
  return std::chrono::hours(*hour) + minutes(*minute);
}

std::optional<std::vector<minutes>> parse_clocks(std::string_view text, bool hours_too) {
  std::vector<minutes> times;
  for (const std::string_view word : split_at(text, ',')) {
    const auto time = parse_clock(word, hours_too);
    if (!time) return std::nullopt;
    times.push_back(*time);
  }
  if (times.empty()) return std::nullopt;
  std::sort(times.begin(), times.end());
  return times;
}

std::optional<unsigned> parse_weekdays(std::string_view text) {
  if (text == "daily") return 0x7f;
  unsigned set = 0;
  for (const std::string_view word : split_at(text, ',')) {
    const auto found = std::find(kWeekdays.begin(), kWeekdays.end(), word);
    if (found == kWeekdays.end()) return std::nullopt;
    set |= 1U << static_cast<unsigned>(found - kWeekdays.begin());
  }
  return set == 0 ? std::nullopt : std::optional(set);
}

date::local_seconds to_local(sys_seconds time, const std::string& zone) {
  return date::locate_zone(zone)->to_local(time);
}

// The first moment at which the zone's wall clock shows `local`; if a clock change skips that time,
// the moment of the change.
sys_seconds to_instant(date::local_seconds local, const std::string& zone) {
  const date::local_info info = date::locate_zone(zone)->get_info(local);
  if (info.result == date::local_info::nonexistent) return info.second.begin;
  return sys_seconds(local.time_since_epoch()) - info.first.offset;
}

}  // namespace

Calendar Calendar::parse(std::string_view text, std::string_view default_zone) {
  const auto refuse = [&]() {
    base::fail(ErrorCode::kConfig,
               "schedule \"{}\": write it as \"daily 02:30\", \"daily 02:30,14:30 Europe/Oslo\", "
               "\"sunday 04:00\", \"monthly 1 03:00\", \"hourly :15\" or \"never\"",
               base::escape_for_terminal(text));
  };
  std::vector<std::string_view> words = split_at(text, ' ');
  std::reverse(words.begin(), words.end());
  const auto next = [&]() -> std::string_view {
    if (words.empty()) refuse();
    const std::string_view word = words.back();
    words.pop_back();
    return word;
  };

  Calendar calendar;
  calendar.zone_ = default_zone;
  const std::string_view unit = next();
  if (unit == "never") {
    if (!words.empty()) refuse();
    return calendar;
  }
  if (unit == "hourly") {
    calendar.unit_ = Unit::kHour;
    calendar.times_ = {minutes(0)};
    if (!words.empty() && words.back().starts_with(':')) {
      const auto times = parse_clocks(next(), false);
      if (!times) refuse();
      calendar.times_ = *times;
    }
  } else {
    calendar.unit_ = Unit::kDay;
    if (unit == "monthly") {
      calendar.unit_ = Unit::kMonth;
      const auto day = parse_number(next(), 1, 31);
      if (!day) refuse();
      calendar.month_day_ = *day;
    } else {
      const auto weekdays = parse_weekdays(unit);
      if (!weekdays) refuse();
      calendar.weekdays_ = *weekdays;
    }
    const auto times = parse_clocks(next(), true);
    if (!times) refuse();
    calendar.times_ = *times;
  }
  if (!words.empty()) calendar.zone_ = next();
  if (!words.empty()) refuse();
  base::check_time_zone(calendar.zone_);
  return calendar;
}

bool Calendar::falls_on(sys_days day) const {
  if (unit_ == Unit::kDay) {
    return (weekdays_ >> std::chrono::weekday(day).c_encoding() & 1U) != 0;
  }
  const std::chrono::year_month_day date(day);
  const std::chrono::year_month_day_last last(date.year() / date.month() / std::chrono::last);
  return date.day() == std::min(std::chrono::day(month_day_), last.day());
}

std::optional<sys_seconds> Calendar::next_after(sys_seconds time) const {
  if (unit_ == Unit::kNever) return std::nullopt;
  if (unit_ == Unit::kHour) {
    // Hours are not counted by the wall clock: an hour stays an hour when clocks change. The
    // minutes are those of the wall clock, since not every zone is whole hours from UTC.
    const auto offset = date::locate_zone(zone_)->get_info(time).offset;
    const auto hour = std::chrono::floor<std::chrono::hours>(time + offset);
    for (int ahead = 0;; ++ahead) {
      for (const minutes minute : times_) {
        const sys_seconds due = hour + std::chrono::hours(ahead) + minute - offset;
        if (due > time) return due;
      }
    }
  }
  // Start with the day before: clocks that are set back across midnight repeat a day.
  sys_days day(std::chrono::floor<days>(to_local(time, zone_).time_since_epoch()) - days(1));
  for (;; day += days(1)) {
    if (!falls_on(day)) continue;
    for (const minutes of_day : times_) {
      const date::local_seconds local((day + of_day).time_since_epoch());
      const sys_seconds due = to_instant(local, zone_);
      if (due > time) return due;
    }
  }
}

Window Window::parse(std::string_view text, std::string_view zone) {
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto from = parse_clock(text.substr(0, dash), true);
  const auto to = parse_clock(text.substr(std::min(dash + 1, text.size())), true);
  if (!from || !to || *from == *to) {
    base::fail(ErrorCode::kConfig, "window \"{}\": write it as \"22:00-06:00\"",
               base::escape_for_terminal(text));
  }
  base::check_time_zone(zone);
  Window window;
  window.is_always_ = false;
  window.from_ = *from;
  window.to_ = *to;
  window.zone_ = zone;
  return window;
}

bool Window::contains(sys_seconds time) const {
  if (is_always_) return true;
  const auto since_epoch = to_local(time, zone_).time_since_epoch();
  const auto of_day = since_epoch - std::chrono::floor<days>(since_epoch);
  if (from_ < to_) return of_day >= from_ && of_day < to_;
  return of_day >= from_ || of_day < to_;
}

sys_seconds Window::first_not_before(sys_seconds time) const {
  if (contains(time)) return time;
  auto day = std::chrono::floor<days>(to_local(time, zone_).time_since_epoch());
  for (;; day += days(1)) {
    const sys_seconds opens = to_instant(date::local_seconds(day + from_), zone_);
    if (opens >= time) return opens;
  }
}

}  // namespace backupd
