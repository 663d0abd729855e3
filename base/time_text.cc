#include "base/time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <sstream>

#include <date/date.h>
#include <date/tz.h>
#include <fmt/core.h>

#include "base/error.h"

namespace base {

namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

const date::time_zone* find_zone(std::string_view zone) {
  try {
    return date::locate_zone(std::string(zone));
  } catch (const std::runtime_error&) {
    fail(ErrorCode::kConfig,
         "time zone \"{}\": no such zone: use a name such as UTC or Europe/Oslo", zone);
  }
}

// No mail is older: an earlier time is a mistake, such as the year 26. The extra day is for time
// zones.
constexpr sys_seconds kEarliest{std::chrono::days(-1)};

// The forms that parse_time() accepts, each with or without an offset (%z) or Z after it.
constexpr std::array kForms = {
    "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
    "%Y%m%dT%H%M%S",     "%Y-%m-%d",          "%Y%m%d"};

// Removes the fraction of a second: "02:30:05.25" becomes "02:30:05".
std::string without_fraction(std::string text) {
  const std::size_t point = text.find_first_of(".,");
  if (point == std::string::npos || point == 0) return text;
  const std::size_t end = std::min(text.find_first_not_of("0123456789", point + 1), text.size());
  const bool is_fraction = end > point + 1 && text.find(':') < point;
  return is_fraction ? text.erase(point, end - point) : text;
}

template <typename Time>
bool parse_whole(const std::string& text, const std::string& form, Time& time) {
  std::istringstream in(text);
  in >> date::parse(form, time);
  return !in.fail() && in.peek() == std::istringstream::traits_type::eof();
}

struct Unit {
  char letter;
  std::int64_t seconds;
};

constexpr std::array kUnits = {Unit{'w', 604'800}, Unit{'d', 86'400}, Unit{'h', 3'600},
                               Unit{'m', 60}, Unit{'s', 1}};

struct NamedUnit {
  std::string_view name;
  std::int64_t seconds;  // 0: a month
  std::int64_t months;
};

constexpr std::array kNamedUnits = {NamedUnit{"second", 1, 0},     NamedUnit{"minute", 60, 0},
                                    NamedUnit{"hour", 3'600, 0},   NamedUnit{"day", 86'400, 0},
                                    NamedUnit{"week", 604'800, 0}, NamedUnit{"month", 0, 1},
                                    NamedUnit{"year", 0, 12}};

// Counts by the calendar, in UTC.
sys_seconds months_before(sys_seconds now, std::int64_t months) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::year_month_day earlier =
      date.year() / date.month() / date.day() - std::chrono::months(months);
  const auto last =
      std::chrono::year_month_day(earlier.year() / earlier.month() / std::chrono::last);
  return std::chrono::sys_days(earlier.ok() ? earlier : last) + (now - day);
}

// Parses "3 days ago"; returns nullopt if the text does not have this form.
std::optional<sys_seconds> parse_ago(std::string_view text, sys_seconds now) {
  constexpr std::string_view kAgo = " ago";
  constexpr std::int64_t kMaxCount = 100'000;
  std::int64_t count = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0 || count > kMaxCount || !text.ends_with(kAgo)) {
    return std::nullopt;
  }
  std::string_view unit(rest, text.data() + text.size() - kAgo.size());
  if (!unit.starts_with(' ')) return std::nullopt;
  unit.remove_prefix(1);
  if (unit.ends_with('s')) unit.remove_suffix(1);
  for (const NamedUnit& known : kNamedUnits) {
    if (unit != known.name) continue;
    if (known.months > 0) return months_before(now, count * known.months);
    return now - seconds(count * known.seconds);
  }
  return std::nullopt;
}

}  // namespace

std::string format_rfc3339(sys_seconds time) {
  return date::format("%Y-%m-%dT%H:%M:%SZ", time);
}

sys_seconds parse_time(std::string_view text, std::string_view zone) {
  const std::string copy = without_fraction(std::string(text));
  for (const char* form : kForms) {
    sys_seconds universal;
    for (const char* offset : {"Z", "%Ez", "%z"}) {
      if (parse_whole(copy, std::string(form) + offset, universal) && universal >= kEarliest) {
        return universal;
      }
    }
    date::local_seconds local;
    if (parse_whole(copy, form, local)) {
      const sys_seconds time = find_zone(zone)->to_sys(local, date::choose::earliest);
      if (time >= kEarliest) return time;
    }
  }
  fail(ErrorCode::kUsage,
       "time \"{}\": write it as 2026-11-24, 2026-11-24T02:30 or "
       "2026-11-24T02:30:00Z",
       text);
}

sys_seconds parse_time(std::string_view text, std::string_view zone, sys_seconds now) {
  if (text == "now") return now;
  if (text == "yesterday") return now - std::chrono::days(1);
  if (const auto time = parse_ago(text, now)) return *time;
  return parse_time(text, zone);
}

std::string format_local(sys_seconds time, std::string_view zone) {
  return date::format("%Y-%m-%d %H:%M", find_zone(zone)->to_local(time));
}

std::string format_timestamp(sys_seconds time, std::string_view zone) {
  return date::format("%Y%m%dT%H%M%S", find_zone(zone)->to_local(time));
}

seconds parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  if (error == std::errc() && count >= 0 && rest + 1 == end) {
    for (const Unit& unit : kUnits) {
      constexpr std::int64_t kMaxSeconds = 1000LL * 365 * 86'400;
      if (*rest == unit.letter && count <= kMaxSeconds / unit.seconds) {
        return seconds(count * unit.seconds);
      }
    }
  }
  fail(ErrorCode::kUsage, "duration \"{}\": write a number with s, m, h, d or w, such as 7d", text);
}

std::string format_duration(seconds duration) {
  const std::int64_t count = duration.count();
  for (const Unit& unit : kUnits) {
    // People write weeks but prefer to read days.
    if (unit.letter != 'w' && count != 0 && count % unit.seconds == 0) {
      return fmt::format("{}{}", count / unit.seconds, unit.letter);
    }
  }
  return fmt::format("{}s", count);
}

void check_time_zone(std::string_view zone) {
  if (zone == "UTC") return;  // always available; looking it up would list every zone of the system
  find_zone(zone);
}

}  // namespace base
