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

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  take(text, ' ');
  const auto day = take_number(text, 1, 2);
  if (!day || !take(text, '-')) return std::nullopt;
  const auto month = take_month(text);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto year = take_number(text, 4, 4);
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

std::optional<std::chrono::minutes> take_zone(std::string_view& text) {
  const bool is_west = text.starts_with('-');
  if (!is_west && !text.starts_with('+')) return std::nullopt;
  text.remove_prefix(1);
  const auto digits = take_number(text, 4, 4);
  if (!digits || *digits / 100 > 23 || *digits % 100 > 59) return std::nullopt;
  const std::chrono::minutes east{*digits / 100 * 60 + *digits % 100};
  return is_west ? -east : east;
}

}  // namespace

std::optional<base::ZonedTime> parse_internal_date(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take(text, ' ')) return std::nullopt;
  const auto time = take_time(text);
  if (!time || !take(text, ' ')) return std::nullopt;
  const auto zone = take_zone(text);
  if (!zone || !text.empty()) return std::nullopt;
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
