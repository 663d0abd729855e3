#include "tests/servers/mail_generator.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/core.h>

namespace servers {

namespace {

constexpr std::array<std::string_view, 48> kWords = {
    "archive", "backup",  "budget",  "calendar", "contract", "delivery", "draft",   "evening",
    "figures", "folder",  "garden",  "harbour",  "invoice",  "journey",  "kitchen", "ledger",
    "letter",  "meeting", "minutes", "monday",   "morning",  "notes",    "office",  "order",
    "paper",   "payment", "people",  "picture",  "plan",     "price",    "project", "question",
    "quarter", "report",  "review",  "river",    "schedule", "signed",   "station", "summer",
    "table",   "ticket",  "today",   "version",  "weather",  "window",   "winter",  "yesterday"};

constexpr std::array<std::string_view, 6> kPeople = {"Anna Berg <anna@example.org>",
                                                     "Bob Carter <bob@example.net>",
                                                     "=?utf-8?q?Ren=C3=A9e?= <renee@example.com>",
                                                     "accounts@example.org",
                                                     "\"Doe, Jane\" <jane@example.org>",
                                                     "list@lists.example.net"};

constexpr std::array<std::string_view, 5> kForeign = {
    "Grüße aus Köln, die Rechnung für März liegt bei.", "Le café est fermé jusqu'à la rentrée.",
    "会議は明日の午後三時からです。", "Документы будут готовы завтра.",
    "Η συνάντηση αναβάλλεται 🙂."};

constexpr std::array<std::string_view, 5> kFlags = {"\\Seen", "\\Answered", "\\Flagged", "\\Draft",
                                                    "\\Seen"};
constexpr std::array<std::string_view, 5> kKeywords = {"$Forwarded", "$Label1", "NonJunk",
                                                       "project-x", "$MDNSent"};

constexpr std::size_t kBase64Line = 76;

std::string base64(std::string_view bytes, std::size_t line_length) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string digits((bytes.size() + 2) / 3 * 4, '=');
  const auto* in = reinterpret_cast<const unsigned char*>(bytes.data());
  char* out = digits.data();
  for (std::size_t left = bytes.size(); left > 0;) {
    const std::size_t given = std::min<std::size_t>(3, left);
    const std::uint32_t group = std::uint32_t{in[0]} << 16U |
                                (given > 1 ? std::uint32_t{in[1]} << 8U : 0U) |
                                (given > 2 ? std::uint32_t{in[2]} : 0U);
    out[0] = kAlphabet[group >> 18U];
    out[1] = kAlphabet[group >> 12U & 63U];
    if (given > 1) out[2] = kAlphabet[group >> 6U & 63U];
    if (given > 2) out[3] = kAlphabet[group & 63U];
    in += given;
    out += 4;
    left -= given;
  }
  const std::size_t whole = (line_length + 3) / 4 * 4;  // of a line
  std::string text;
  text.reserve(digits.size() + (digits.size() / whole + 1) * 2);
  for (std::size_t at = 0; at < digits.size(); at += whole) {
    text.append(digits, at, whole).append("\r\n");
  }
  return text;
}

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ mixed >> 30U) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ mixed >> 27U) * 0x94d049bb133111ebU;
  return mixed ^ mixed >> 31U;
}

std::size_t Random::below(std::size_t bound) {
  return next() % bound;
}

std::string MailGenerator::word() {
  return std::string(kWords.at(random_.below(kWords.size())));
}

std::string MailGenerator::sentence() {
  std::string text = word();
  text.front() = static_cast<char>(text.front() - 'a' + 'A');
  for (std::size_t left = 3 + random_.below(9); left > 0; --left) {
    text += ' ';
    text += kWords.at(random_.below(kWords.size()));
  }
  text += '.';
  return text;
}

std::string MailGenerator::paragraphs(std::size_t count) {
  std::string text;
  for (std::size_t left = count; left > 0; --left) {
    for (std::size_t lines = 1 + random_.below(5); lines > 0; --lines) text += sentence() + "\r\n";
    if (left > 1) text += "\r\n";
  }
  return text;
}

std::string MailGenerator::binary(std::size_t bytes) {
  std::string result;
  result.reserve(bytes + 8);
  while (result.size() < bytes) {
    const std::uint64_t random = random_.next();
    result.append(reinterpret_cast<const char*>(&random), sizeof random);  // little-endian
  }
  result.resize(bytes);
  return result;
}

std::string MailGenerator::date() {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(946'684'800 + random_.below(800'000'000));
  std::tm fields{};
  static_cast<void>(::gmtime_r(&seconds, &fields));
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000",
                     kDays.at(static_cast<std::size_t>(fields.tm_wday)), fields.tm_mday,
                     kMonths.at(static_cast<std::size_t>(fields.tm_mon)), fields.tm_year + 1900,
                     fields.tm_hour, fields.tm_min, fields.tm_sec);
}

std::string MailGenerator::header(std::string_view subject, std::string_view content) {
  return fmt::format(
      "Received: from mx{}.example.net (mx.example.net [192.0.2.{}])\r\n"
      "\tby mail.example.org with ESMTPS id {:016x}; {}\r\n"
      "Message-ID: <{}.{:x}@example.org>\r\n"
      "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\n{}\r\n",
      random_.below(9), random_.below(255), random_.next(), date(), ++last_number_, random_.next(),
      date(), kPeople.at(random_.below(kPeople.size())), kPeople.at(random_.below(kPeople.size())),
      subject, content);
}

std::string MailGenerator::plain() {
  return header(sentence(), "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n") +
         paragraphs(1 + random_.below(6));
}

std::string MailGenerator::tiny() {
  return fmt::format("Subject: {} {}\r\n\r\n{}\r\n", word(), ++last_number_, word());
}

std::string MailGenerator::non_ascii() {
  std::string text = header("=?utf-8?b?R3LDvMOfZSBhdXMgS8O2bG4=?= " + word(),
                            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                            "Content-Transfer-Encoding: 8bit\r\n");
  for (std::size_t lines = 2 + random_.below(5); lines > 0; --lines) {
    text += kForeign.at(random_.below(kForeign.size()));
    text += " " + word() + "\r\n";
  }
  return text;
}

std::string MailGenerator::alternative() {
  const std::string boundary = fmt::format("b{:x}", random_.next());
  const std::string shown = paragraphs(2);
  return header(sentence(),
                "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"" + boundary +
                    "\"\r\n") +
         "--" + boundary + "\r\nContent-Type: text/plain\r\n\r\n" + shown + "\r\n--" + boundary +
         "\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
         "<html><body><p style=3D\"margin:0\">" +
         shown + "</p></body></html>\r\n--" + boundary + "--\r\n";
}

std::string MailGenerator::attachment(std::size_t bytes) {
  const std::string boundary = fmt::format("=_{:x}", random_.next());
  return header(sentence(), "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"" +
                                boundary + "\"\r\n") +
         "This is a message in several parts.\r\n--" + boundary +
         "\r\nContent-Type: text/plain\r\n\r\n" + paragraphs(1) + "--" + boundary +
         "\r\nContent-Type: application/octet-stream; name=\"" + word() +
         ".bin\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\n" +
         base64(binary(bytes), kBase64Line) + "--" + boundary + "--\r\n";
}

std::string MailGenerator::odd_attachment(std::size_t bytes) {
  std::string encoded = base64(binary(bytes), 20 + 4 * random_.below(20));
  if (!encoded.empty()) encoded.insert(encoded.size() / 2, random_.one_in(2) ? " " : "\r\n\r\n");
  return header(sentence(),
                "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
                "Content-Transfer-Encoding: BASE64\r\n") +
         encoded;
}

std::string MailGenerator::forwarded() {
  const std::string boundary = fmt::format("fwd-{:x}", random_.next());
  return header(
             "Fwd: " + sentence(),
             "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=" + boundary + "\r\n") +
         "--" + boundary + "\r\n\r\n" + sentence() + "\r\n--" + boundary +
         "\r\nContent-Type: message/rfc822\r\n\r\n" + attachment(300 + random_.below(3000)) +
         "\r\n--" + boundary + "--\r\n";
}

std::string MailGenerator::text(std::size_t bytes) {
  std::string result = header(sentence(), "");
  while (result.size() < bytes) result += sentence() + "\r\n";
  return result;
}

std::string MailGenerator::eight_bit_header() {
  return "Subject: Gr\xfc\xdf"
         "e in Latin-1 and gr\xc3\xbc\xc3\x9f"
         "e in UTF-8\r\n" +
         header(sentence(), "X-Odd: \xff\xfe\x80\r\n") + paragraphs(1);
}

std::string MailGenerator::without_header() {
  return "\r\n" + paragraphs(2);
}

std::string MailGenerator::without_body() {
  std::string result = header(sentence(), "");
  result.resize(result.size() - 2);
  return result;
}

std::string MailGenerator::with_nul() {
  std::string result = plain();
  result.insert(result.size() / 2, 1, '\0');
  return result + std::string(3, '\0') + "\r\n";
}

std::string MailGenerator::with_bare_cr() {
  return plain() + "one\rtwo\r\rthree\r\n";
}
std::string MailGenerator::with_bare_lf() {
  return plain() + "one\ntwo\n\nthree\r\n";
}
std::string MailGenerator::with_cr_cr_lf() {
  return plain() + "one\r\r\ntwo\r\r\r\n";
}

std::string MailGenerator::with_endless_line() {
  return plain() + std::string(20'000, 'x') + "\r\n";
}

std::string MailGenerator::broken_multipart() {
  const std::string boundary = "again";
  return header(sentence(),
                "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=again\r\n"
                "Content-Transfer-Encoding: base64\r\n") +
         "--" + boundary + "--\r\n--" + boundary +
         "\r\nContent-Type: multipart/alternative; boundary=again\r\n\r\n--" + boundary +
         "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64(binary(100), kBase64Line) +
         "not base64 at all!\r\n--" + boundary + " trailing\r\n" + paragraphs(1);
}

std::string MailGenerator::any() {
  switch (random_.below(12)) {
    case 0:
      return tiny();
    case 1:
    case 2:
      return non_ascii();
    case 3:
    case 4:
      return alternative();
    case 5:
      return attachment(200 + random_.below(20'000));
    case 6:
      return odd_attachment(100 + random_.below(4'000));
    case 7:
      return forwarded();
    case 8:
      return eight_bit_header();
    default:
      return plain();
  }
}

std::vector<std::string> MailGenerator::horrors() {
  return {without_header(),    without_body(),     with_nul(),
          with_bare_cr(),      with_bare_lf(),     with_cr_cr_lf(),
          with_endless_line(), broken_multipart(), eight_bit_header()};
}

Delivery MailGenerator::delivery() {
  Delivery result{any()};
  for (const std::string_view flag : kFlags) {
    if (random_.one_in(4)) result.flags.emplace_back(flag);
  }
  if (random_.one_in(3)) {
    result.flags.emplace_back(kKeywords.at(random_.below(kKeywords.size())));
  }
  // Occasionally the ends of years, a leap day, and a day shortly after the epoch.
  static constexpr std::array<std::int64_t, 5> kOddSeconds = {86'400, 951'782'399, 946'684'799,
                                                              1'000'000'000, 1'709'164'800};
  const std::int64_t seconds =
      random_.one_in(10) ? kOddSeconds.at(random_.below(kOddSeconds.size()))
                         : 946'684'800 + static_cast<std::int64_t>(random_.below(800'000'000));
  result.internal_date = std::chrono::sys_seconds(std::chrono::seconds(seconds));
  return result;
}

}  // namespace servers
