// INTERNALDATE as text (RFC 9051, date-time): "17-Jul-1996 02:44:25 -0700".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/mail/zoned_time.h"

namespace imap {

// Without the quotes. Reads what servers send too: a day of one digit, with or without a space
// before it; spaces for hyphens, a weekday in front and a year of two digits, as in a Date field; a
// zone by name (GMT, UTC, UT, Z), with its name behind the offset in parentheses, or missing (UTC).
// Returns nullopt if the date does not exist: 00-Jan-0000, 31-Feb-2020, a zone offset of a day or
// more. A leap second is read as the second before it.
std::optional<base::ZonedTime> parse_internal_date(std::string_view text);

// Without the quotes; two digits for the day, which all servers accept. Dates outside the years 0
// to 9999, which the grammar can't express, are clamped to the nearest that it can.
std::string format_internal_date(const base::ZonedTime& time);

}  // namespace imap
