#include "imap/folder_name.h"

#include <optional>

#include "base/ascii.h"
#include "base/utf8.h"
#include "imap/folder.h"
#include "imap/modified_utf7.h"

namespace imap {

namespace {

using base::equal_ignoring_case;
using base::to_upper;

constexpr std::string_view kOutside = "%/";

void append_escaped(std::string& shown, std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    shown += '%';
    shown += kDigits[value >> 4U];
    shown += kDigits[value & 15U];
  }
}

bool needs_escape(char32_t code_point) {
  return code_point == '/' || code_point == '%' || base::is_control(code_point);
}

void append_text(std::string& shown, std::string_view text) {
  while (!text.empty()) {
    const std::optional<base::CodePoint> character = base::first_code_point(text);
    const std::size_t length = character ? character->length : 1;
    if (!character || needs_escape(character->value)) {
      append_escaped(shown, text.substr(0, length));
    } else {
      shown += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
}

void append_level(std::string& shown, std::string_view level) {
  if (const std::optional<std::string> decoded = decode_modified_utf7(level)) {
    append_text(shown, *decoded);
  } else {
    append_text(shown, level);
    shown += '%';
  }
}

std::string shown_levels(std::string_view raw, char delimiter) {
  std::string shown;
  for (;;) {
    const std::size_t end = delimiter == 0 ? std::string_view::npos : raw.find(delimiter);
    append_level(shown, raw.substr(0, end));
    if (end == std::string_view::npos) return shown;
    shown += '/';
    raw.remove_prefix(end + 1);
  }
}

std::optional<unsigned> hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  const char upper = to_upper(digit);
  if (upper >= 'A' && upper <= 'F') return static_cast<unsigned>(upper - 'A') + 10U;
  return std::nullopt;
}

std::string without_escapes(std::string_view level) {
  std::string text;
  for (std::size_t at = 0; at < level.size(); ++at) {
    if (level[at] == '%' && at + 2 < level.size()) {
      const auto high = hex_value(level[at + 1]);
      const auto low = hex_value(level[at + 2]);
      if (high && low) {
        text += static_cast<char>(static_cast<unsigned char>(*high << 4U | *low));
        at += 2;
        continue;
      }
    }
    text += level[at];
  }
  return text;
}

std::string raw_level(std::string_view level) {
  if (level.ends_with('%')) return without_escapes(level.substr(0, level.size() - 1));
  std::string text = without_escapes(level);
  return base::is_utf8(text) ? encode_modified_utf7(text) : text;
}

std::string raw_levels(std::string_view shown, char delimiter) {
  std::string raw;
  for (;;) {
    const std::size_t end = delimiter == 0 ? std::string_view::npos : shown.find('/');
    raw += raw_level(shown.substr(0, end));
    if (end == std::string_view::npos) return raw;
    raw += delimiter;
    shown.remove_prefix(end + 1);
  }
}

}  // namespace

std::string shown_folder_name(std::string_view raw_name, char delimiter,
                              std::string_view personal_prefix) {
  if (personal_prefix.empty()) return shown_levels(raw_name, delimiter);
  if (equal_ignoring_case(raw_name, kInbox)) return std::string(raw_name);
  if (raw_name.size() <= personal_prefix.size() || !raw_name.starts_with(personal_prefix)) {
    return std::string(kOutside) + shown_levels(raw_name, delimiter);
  }
  const std::string_view below = raw_name.substr(personal_prefix.size());
  if (!equal_ignoring_case(below, kInbox)) return shown_levels(below, delimiter);
  std::string shown;
  append_escaped(shown, below.substr(0, 1));
  return shown += below.substr(1);
}

std::string raw_folder_name(std::string_view shown_utf8, char delimiter,
                            std::string_view personal_prefix) {
  if (equal_ignoring_case(shown_utf8, kInbox)) return std::string(shown_utf8);
  if (shown_utf8.starts_with(kOutside)) {
    return raw_levels(shown_utf8.substr(kOutside.size()), delimiter);
  }
  return std::string(personal_prefix) + raw_levels(shown_utf8, delimiter);
}

}  // namespace imap
