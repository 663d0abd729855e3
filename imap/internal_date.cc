#include "imap/internal_date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include <fmt/core.h>

#include "base/ascii.h"

namespace imap {

namespace {

using base::starts_with_ignoring_case;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Removes a number of `min_digits` to `max_digits` digits from the front.
std::optional<int> take_number(std::string_view& text, std::size_t min_digits,
                               std::size_t max_digits) {
  int number = 0;
  std::size_t length = 0;
  while (length < max_digits && length < text.size() && text[length] >= '0' &&
         text[length] <= '9') {
    number = number * 10 + (text[length] - '0');
    ++length;
  }
  if (length < min_digits) return std::nullopt;
  text.remove_prefix(length);
  return number;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<unsigned> take_month(std::string_view& text) {
  for (unsigned at = 0; at < kMonths.size(); ++at) {
    if (!starts_with_ignoring_case(text, kMonths[at])) continue;
    text.remove_prefix(kMonths[at].size());
    return at + 1;
  }
  return std::nullopt;
}

// "Wed, " of a Date field.
void skip_weekday(std::string_view& text) {
  constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu",
                                                     "Fri", "Sat", "Sun"};
  for (const std::string_view day : kDays) {
    if (!starts_with_ignoring_case(text, day) || !text.substr(day.size()).starts_with(", ")) {
      continue;
    }
    text.remove_prefix(day.size() + 2);
    return;
  }
}

// A year of two digits as in old Date fields (RFC 5322, section 4.3).
std::optional<int> take_year(std::string_view& text) {
  if (const auto year = take_number(text, 4, 4)) return year;
  const auto year = take_number(text, 2, 2);
  if (!year) return std::nullopt;
  return *year + (*year < 50 ? 2000 : 1900);
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  skip_weekday(text);
  take(text, ' ');
  const auto day = take_number(text, 1, 2);
  if (!day) return std::nullopt;
  const char separator = text.starts_with(' ') ? ' ' : '-';
  if (!take(text, separator)) return std::nullopt;
  const auto month = take_month(text);
  if (!month || !take(text, separator)) return std::nullopt;
  const auto year = take_year(text);
  if (!year) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{*month},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

std::optional<std::chrono::seconds> take_time(std::string_view& text) {
  const auto hour = take_number(text, 1, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2, 2);
  if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2, 2);
  if (!second || *second > 60) return std::nullopt;
  return std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{std::min(*second, 59)};
}

// Without an offset, the time is UTC.
std::optional<std::chrono::minutes> take_zone(std::string_view& text) {
  if (text.empty()) return std::chrono::minutes{0};
  if (!take(text, ' ')) return std::nullopt;
  for (const std::string_view name : {"GMT", "UTC", "UT", "Z"}) {
    if (!starts_with_ignoring_case(text, name)) continue;
    text.remove_prefix(name.size());
    return std::chrono::minutes{0};
  }
  const bool is_west = text.starts_with('-');
  if (!is_west && !text.starts_with('+')) return std::nullopt;
  text.remove_prefix(1);
  const auto digits = take_number(text, 4, 4);
  if (!digits || *digits / 100 > 23 || *digits % 100 > 59) return std::nullopt;
  const std::chrono::minutes east{*digits / 100 * 60 + *digits % 100};
  return is_west ? -east : east;
}

// The zone's name behind its offset: " (CEST)".
void skip_comment(std::string_view& text) {
  const std::size_t end = text.find(')');
  if (text.starts_with(" (") && end + 1 == text.size()) text = {};
}

}  // namespace

std::optional<base::ZonedTime> parse_internal_date(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take(text, ' ')) return std::nullopt;
  const auto time = take_time(text);
  if (!time) return std::nullopt;
  const auto zone = take_zone(text);
  if (!zone) return std::nullopt;
  skip_comment(text);
  if (!text.empty()) return std::nullopt;
  return base::ZonedTime{*date + *time - *zone, static_cast<std::int16_t>(zone->count())};
}

std::string format_internal_date(const base::ZonedTime& time) {
  using std::chrono::days;
  constexpr std::chrono::sys_seconds kFirst = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
  constexpr std::chrono::sys_seconds kEnd = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1};
  const int zone = std::clamp(int{time.zone_minutes}, -1439, 1439);
  const std::chrono::sys_seconds local =
      std::clamp(time.instant + std::chrono::minutes{zone}, kFirst, kEnd - std::chrono::seconds{1});
  const auto day = std::chrono::floor<days>(local);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{local - day};
  const int east = std::abs(zone);
  return fmt::format("{:02}-{}-{:04} {:02}:{:02}:{:02} {}{:02}{:02}",
                     static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count(), zone < 0 ? '-' : '+', east / 60, east % 60);
}

}  // namespace imap
