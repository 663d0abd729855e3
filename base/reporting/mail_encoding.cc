#include "base/reporting/mail_encoding.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/utf8.h"

namespace base {

namespace {

constexpr std::size_t kMaxLine = 76;
constexpr std::string_view kWordBegin = "=?UTF-8?Q?";
constexpr std::string_view kWordEnd = "?=";
constexpr char32_t kReplacement = 0xFFFD;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// One line of valid UTF-8, without control characters.
std::string cleaned(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const auto point = first_code_point(text);
    if (!point) {
      append_utf8(clean, kReplacement);
    } else if (is_control(point->value)) {
      clean += ' ';
    } else {
      clean += text.substr(0, point->length);
    }
    text.remove_prefix(point ? point->length : 1);
  }
  return clean;
}

// Returns true if all words are printable ASCII, fit into a line and do not look like encoded
// words.
bool is_plain(std::string_view text) {
  std::size_t length = 0;
  for (const char c : text) {
    if (c != ' ' && (c < 0x21 || c > 0x7e)) return false;
    length = c == ' ' ? 0 : length + 1;
    if (length > kMaxLine - 16) return false;
  }
  return text.find("=?") == std::string_view::npos;
}

std::string fold(std::string_view name, std::string_view text) {
  std::string field = fmt::format("{}:", name);
  std::size_t width = field.size();
  while (!text.empty()) {
    // The next word with the blanks before it.
    const std::size_t word = std::min(text.find_first_not_of(' '), text.size());
    const std::size_t end = std::min(text.find(' ', word), text.size());
    if (word == text.size()) break;  // a line of only blanks is not allowed
    if (width + 1 + end > kMaxLine && width > name.size() + 1) {
      field += "\r\n";
      width = 0;
    }
    if (word == 0) field += ' ';
    field += text.substr(0, end);
    width += end + (word == 0 ? 1 : 0);
    text.remove_prefix(end);
  }
  return field + "\r\n";
}

// The form of a character in an encoded word in any header field (RFC 2047, section 5).
std::string encoded_character(std::string_view character) {
  const char c = character.front();
  if (c == ' ') return "_";
  if (is_letter_or_digit(c) || std::string_view("!*+-/").find(c) != std::string_view::npos) {
    return std::string(1, c);
  }
  std::string text;
  for (const char byte : character) {
    text += fmt::format("={:02X}", static_cast<unsigned char>(byte));
  }
  return text;
}

std::string encode_words(std::string_view name, std::string_view text) {
  std::string field = fmt::format("{}: {}", name, kWordBegin);
  std::size_t width = field.size();
  while (!text.empty()) {
    const std::size_t length = first_code_point(text)->length;
    const std::string character = encoded_character(text.substr(0, length));
    if (width + character.size() + kWordEnd.size() > kMaxLine) {
      field += fmt::format("{}\r\n {}", kWordEnd, kWordBegin);
      width = 1 + kWordBegin.size();
    }
    field += character;
    width += character.size();
    text.remove_prefix(length);
  }
  return field + std::string(kWordEnd) + "\r\n";
}

void append_quoted_line(std::string& body, std::string_view line) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    const bool is_blank = c == ' ' || c == '\t';
    const bool is_last = at + 1 == line.size();
    const bool is_literal = (c > 0x20 && c < 0x7f && c != '=') || (is_blank && !is_last);
    const std::string encoded =
        is_literal ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c));
    if (width + encoded.size() > kMaxLine - (is_last ? 0 : 1)) {
      body += "=\r\n";
      width = 0;
    }
    body += encoded;
    width += encoded.size();
  }
  body += "\r\n";
}

}  // namespace

std::string header_field(std::string_view name, std::string_view text) {
  const std::string clean = cleaned(text);
  return is_plain(clean) ? fold(name, clean) : encode_words(name, clean);
}

std::string quoted_printable(std::string_view text) {
  std::string body;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    append_quoted_line(body, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return body;
}

}  // namespace base
