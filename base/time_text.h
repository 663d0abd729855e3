// Times and durations as text: RFC 3339 in reports, the timestamp of a tree, "7d" in options.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace base {

// 2026-11-24T02:30:00Z
std::string format_rfc3339(std::chrono::sys_seconds time);

// ISO 8601 with or without a time and an offset: 2026-11-24, 2026-11-24T02:30, 2026-11-24 02:30:05,
// 2026-11-24T02:30:05+01:00, 20261124T023005, 20261124, ...Z. Fractions of a second are dropped.
// A blank may precede the offset. Without an offset the time is in the zone whose IANA name
// follows, as in "2026-11-24 02:30 Europe/Oslo" or in brackets, or else in `zone`; an hour that
// occurs twice, when the clocks are set back, means the first. A name such as CET, if not in
// brackets, means that offset. A zone behind an explicit offset is ignored. Fails with kUsage, also
// for years before 1970, and for such a name if the clocks of its zone show another offset then.
std::chrono::sys_seconds parse_time(std::string_view text, std::string_view zone);

// The span that a text names: a day, a minute or a second, from `begin` until before `end`. A
// minute or second that occurs twice extends from the first one to the second.
struct TimeSpan {
  std::chrono::sys_seconds begin;
  std::chrono::sys_seconds end;
};

// The forms of parse_time(), and "now"; the days "today", "yesterday", "monday" (of the last seven
// days, today included) in `zone`; "3 days ago": seconds, minutes, hours, days, weeks, months or
// years before `now`. If the earlier month lacks the day, the result is that month's last day.
TimeSpan parse_time_span(std::string_view text, std::string_view zone,
                         std::chrono::sys_seconds now);

// The beginning of parse_time_span().
std::chrono::sys_seconds parse_time(std::string_view text, std::string_view zone,
                                    std::chrono::sys_seconds now);

// 2026-11-24T02:30:00+01:00 in `zone`, or 2026-11-24T01:30:00Z if that is UTC: for people, who can
// type it back.
std::string format_zoned(std::chrono::sys_seconds time, std::string_view zone);

// The zone of shown_time(): UTC unless a program sets it when it starts, before it has threads.
// Fails with kConfig if there is no such zone.
void show_times_in(std::string_view zone);

// format_zoned() in that zone: for texts. Documents for programs have format_rfc3339().
std::string shown_time(std::chrono::sys_seconds time);
const std::string& shown_time_zone();

// 2026-11-24 02:30 in `zone`, or 2026-10-25 02:30 +01:00 if the time without its offset would have
// another meaning: for users, who can type it back with the zone behind it.
std::string format_local(std::chrono::sys_seconds time, std::string_view zone);

// YYYYMMDDTHHMMSS in `zone`.
std::string format_timestamp(std::chrono::sys_seconds time, std::string_view zone);

// A number with s, m, h, d or w: "90d". Fails with kUsage.
std::chrono::seconds parse_duration(std::string_view text);

// The inverse of parse_duration(): "7d", "36h", "90s".
std::string format_duration(std::chrono::seconds duration);

// Fails with kConfig if the time zone database has no such zone.
void check_time_zone(std::string_view zone);

}  // namespace base
