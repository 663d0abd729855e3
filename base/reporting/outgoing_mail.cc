#include "base/reporting/outgoing_mail.h"

#include <algorithm>
#include <array>
#include <random>
#include <string_view>

#include <fmt/core.h>

#include "base/error.h"
#include "base/mail_address.h"
#include "base/reporting/mail_encoding.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace base {

namespace {

constexpr std::size_t kMaxPlainLine = 76;

// RFC 5322, section 3.3: in English, regardless of the locale.
std::string date_text(std::chrono::sys_seconds time) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
      kDays.at(std::chrono::weekday(day).c_encoding()), static_cast<unsigned>(date.day()),
      kMonths.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
      clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string message_id(const std::string& host, std::chrono::sys_seconds time) {
  std::random_device random;
  return fmt::format("<{}.{:08x}{:08x}@{}>", format_timestamp(time, "UTC"), random(), random(),
                     host);
}

const std::string& checked(const std::string& address) {
  if (is_mail_address(address)) return address;
  fail(ErrorCode::kConfig, "write a mail: \"{}\" is not a mail address",
       escape_for_terminal(address));
}

std::string list_of(const std::vector<std::string>& addresses) {
  std::string list;
  for (const std::string& address : addresses) {
    list += (list.empty() ? "" : ",\r\n ") + checked(address);
  }
  return list;
}

// Returns true if the body can be sent unencoded, so that its source is readable.
bool is_seven_bit(std::string_view body) {
  std::size_t width = 0;
  for (const char c : body) {
    width = c == '\n' ? 0 : width + 1;
    const bool is_allowed = c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f);
    if (!is_allowed || width > kMaxPlainLine) return false;
  }
  return true;
}

std::string with_crlf(std::string_view body) {
  std::string text;
  for (const char c : body) {
    if (c == '\n') text += '\r';
    text += c;
  }
  if (!body.empty() && body.back() != '\n') text += "\r\n";
  return text;
}

}  // namespace

std::string to_rfc5322(const OutgoingMail& mail, const std::string& from, const std::string& host,
                       std::chrono::sys_seconds date) {
  const bool is_plain = is_seven_bit(mail.body);
  return fmt::format("Date: {}\r\nFrom: mailstow <{}>\r\nTo: {}\r\nMessage-ID: {}\r\n",
                     date_text(date), checked(from), list_of(mail.to), message_id(host, date)) +
         header_field("Subject", mail.subject) +
         fmt::format(
             "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
             "Content-Type: text/plain; charset={}\r\nContent-Transfer-Encoding: {}\r\n\r\n",
             is_plain ? "us-ascii" : "utf-8", is_plain ? "7bit" : "quoted-printable") +
         (is_plain ? with_crlf(mail.body) : quoted_printable(mail.body));
}

}  // namespace base
