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

#include "base/ascii.h"
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
struct Form {
  const char* text;
  seconds length;  // of what it names
};

constexpr std::chrono::days kDay{1};
constexpr std::array kForms = {Form{"%Y-%m-%dT%H:%M:%S", seconds(1)},
                               Form{"%Y-%m-%d %H:%M:%S", seconds(1)},
                               Form{"%Y-%m-%dT%H:%M", seconds(60)},
                               Form{"%Y-%m-%d %H:%M", seconds(60)},
                               Form{"%Y%m%dT%H%M%S", seconds(1)},
                               Form{"%Y-%m-%d", kDay},
                               Form{"%Y%m%d", kDay}};

constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};

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

// Set once, when a program starts.
std::string zone_of_shown_times = "UTC";

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

// A day in `zone` has 23 or 25 hours when the clocks change.
TimeSpan span_of(date::local_seconds begin, seconds length, std::string_view zone) {
  const date::time_zone* const known = find_zone(zone);
  const sys_seconds start = known->to_sys(begin, date::choose::earliest);
  if (length != kDay) return {start, known->to_sys(begin, date::choose::latest) + length};
  return {start, known->to_sys(begin + kDay, date::choose::earliest)};
}

// Whether `name`, a zone's, is also the abbreviation of one of its offsets: in the zone CET, clocks
// show CET in winter and CEST in summer.
bool is_abbreviation_in(const date::time_zone& zone, std::string_view name,
                        date::local_seconds around) {
  constexpr std::chrono::days kQuarter{92};  // summer and winter time last longer, each
  return std::ranges::any_of(std::array{-2, -1, 0, 1, 2}, [&](int quarters) {
    return zone.get_info(around + quarters * kQuarter).first.abbrev == name;
  });
}

// The same, but if `name` is an abbreviation, only with its offset. Fails with kUsage, naming
// `text`, if the zone has another offset then.
TimeSpan span_in(date::local_seconds begin, seconds length, const std::string& name,
                 std::string_view text) {
  const date::time_zone* const known = find_zone(name);
  if (!is_abbreviation_in(*known, name, begin)) return span_of(begin, length, name);
  const date::local_info info = known->get_info(begin);
  const bool is_second = info.result == date::local_info::ambiguous && info.second.abbrev == name;
  if (!is_second && info.first.abbrev != name) {
    fail(ErrorCode::kUsage,
         "time \"{}\": the clocks do not show {} then: write the time with its offset, as "
         "2026-11-24T02:30+01:00, or a zone such as Europe/Oslo",
         text, name);
  }
  if (length == kDay) return span_of(begin, length, name);
  const sys_seconds start{begin.time_since_epoch() -
                          (is_second ? info.second.offset : info.first.offset)};
  return {start, start + length};
}

// The day that a word names.
std::optional<TimeSpan> parse_day(std::string_view text, std::string_view zone, sys_seconds now) {
  const auto today = date::floor<date::days>(find_zone(zone)->to_local(now));
  const auto days_before = [&](int days) { return span_of(today - date::days(days), kDay, zone); };
  if (equal_ignoring_case(text, "today")) return days_before(0);
  if (equal_ignoring_case(text, "yesterday")) return days_before(1);
  for (unsigned number = 0; number < kWeekdays.size(); ++number) {
    if (!equal_ignoring_case(text, kWeekdays.at(number))) continue;
    const unsigned this_day = date::weekday(today).c_encoding();
    return days_before(static_cast<int>((this_day + kWeekdays.size() - number) % kWeekdays.size()));
  }
  return std::nullopt;
}

struct NamedZone {
  std::string name;
  bool is_in_brackets = false;  // as in a report: it is no abbreviation
};

// Cuts off the zone at the end of "2026-11-24 02:30 Europe/Oslo" or "... (Europe/Oslo)"; nullopt if
// the text has no zone.
std::optional<NamedZone> cut_zone(std::string& text) {
  const std::size_t blank = text.rfind(' ');
  if (blank == std::string::npos) return std::nullopt;
  NamedZone zone{text.substr(blank + 1)};
  std::string& name = zone.name;
  if (name.size() > 2 && name.front() == '(' && name.back() == ')') {
    name = name.substr(1, name.size() - 2);
    zone.is_in_brackets = true;
  }
  if (name.empty() || to_lower(name.front()) < 'a' || to_lower(name.front()) > 'z') {
    return std::nullopt;
  }
  try {
    check_time_zone(name);
  } catch (const Error&) {
    return std::nullopt;
  }
  text.erase(blank);
  return zone;
}

// Removes the blank in "2026-10-25 02:30 +01:00".
std::string with_joined_offset(std::string text) {
  const std::size_t blank = text.rfind(' ');
  if (blank == std::string::npos) return text;
  const std::string_view offset = std::string_view(text).substr(blank + 1);
  const bool is_offset = (offset.starts_with('+') || offset.starts_with('-')) &&
                         offset.find_first_not_of("0123456789:", 1) == std::string_view::npos;
  return is_offset ? text.erase(blank, 1) : text;
}

TimeSpan parse_absolute(std::string_view text, std::string_view default_zone) {
  std::string copy(text);
  const auto named = cut_zone(copy);
  copy = without_fraction(with_joined_offset(std::move(copy)));
  for (const Form& form : kForms) {
    sys_seconds universal;
    for (const char* offset : {"Z", "%Ez", "%z"}) {
      if (parse_whole(copy, std::string(form.text) + offset, universal) && universal >= kEarliest) {
        return {universal, universal + form.length};
      }
    }
    date::local_seconds local;
    if (parse_whole(copy, form.text, local)) {
      const TimeSpan span = !named ? span_of(local, form.length, default_zone)
                            : named->is_in_brackets
                                ? span_of(local, form.length, named->name)
                                : span_in(local, form.length, named->name, text);
      if (span.begin >= kEarliest) return span;
    }
  }
  fail(ErrorCode::kUsage,
       "time \"{}\": write it as 2026-11-24, 2026-11-24T02:30 or "
       "2026-11-24T02:30:00Z",
       text);
}

bool has_letters_only(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; });
}

}  // namespace

std::string format_rfc3339(sys_seconds time) {
  return date::format("%Y-%m-%dT%H:%M:%SZ", time);
}

sys_seconds parse_time(std::string_view text, std::string_view zone) {
  return parse_absolute(text, zone).begin;
}

TimeSpan parse_time_span(std::string_view text, std::string_view zone, sys_seconds now) {
  if (text == "now") return {now, now + seconds(1)};
  if (const auto time = parse_ago(text, now)) return {*time, *time + seconds(1)};
  if (has_letters_only(text)) {
    if (const auto day = parse_day(text, zone, now)) return *day;
  }
  return parse_absolute(text, zone);
}

sys_seconds parse_time(std::string_view text, std::string_view zone, sys_seconds now) {
  return parse_time_span(text, zone, now).begin;
}

std::string format_zoned(sys_seconds time, std::string_view zone) {
  if (zone == "UTC") return format_rfc3339(time);
  return date::format("%Y-%m-%dT%H:%M:%S%Ez", date::make_zoned(find_zone(zone), time));
}

void show_times_in(std::string_view zone) {
  check_time_zone(zone);
  zone_of_shown_times = zone;
}

std::string shown_time(sys_seconds time) {
  return format_zoned(time, zone_of_shown_times);
}

const std::string& shown_time_zone() {
  return zone_of_shown_times;
}

std::string format_local(sys_seconds time, std::string_view zone) {
  const date::time_zone* const known = find_zone(zone);
  const auto minute = date::floor<std::chrono::minutes>(known->to_local(time));
  const date::sys_info now = known->get_info(time);
  const bool is_clear = known->get_info(minute).result == date::local_info::unique &&
                        (now.abbrev == zone || !is_abbreviation_in(*known, zone, minute));
  return date::format(is_clear ? "%Y-%m-%d %H:%M" : "%Y-%m-%d %H:%M %Ez",
                      date::make_zoned(known, time));
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
      if (*rest != unit.letter) continue;
      if (count <= kMaxSeconds / unit.seconds) return seconds(count * unit.seconds);
      fail(ErrorCode::kUsage, "duration \"{}\": it is too long: 1,000 years at most", text);
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
