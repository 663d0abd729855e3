#include "imap/utf8.h"

namespace imap {

namespace {

char byte(char32_t value) {
  return static_cast<char>(static_cast<unsigned char>(value));
}

}  // namespace

std::optional<Utf8Character> first_utf8_character(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return Utf8Character{lead, 1};
  std::size_t length = 0;
  char32_t code_point = 0;
  char32_t least = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2, code_point = lead & 0x1FU, least = 0x80;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3, code_point = lead & 0x0FU, least = 0x800;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4, code_point = lead & 0x07U, least = 0x10000;
  } else {
    return std::nullopt;
  }
  if (text.size() < length) return std::nullopt;
  for (std::size_t at = 1; at < length; ++at) {
    const auto next = static_cast<unsigned char>(text[at]);
    if ((next & 0xC0U) != 0x80U) return std::nullopt;
    code_point = code_point << 6U | (next & 0x3FU);
  }
  const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < least || code_point > 0x10FFFF || is_surrogate) return std::nullopt;
  return Utf8Character{code_point, length};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto character = first_utf8_character(text);
    if (!character) return false;
    text.remove_prefix(character->length);
  }
  return true;
}

void append_utf8(std::string& text, char32_t code_point) {
  if (code_point < 0x80) {
    text += byte(code_point);
    return;
  }
  if (code_point < 0x800) {
    text += byte(0xC0U | code_point >> 6U);
  } else {
    if (code_point < 0x10000) {
      text += byte(0xE0U | code_point >> 12U);
    } else {
      text += byte(0xF0U | code_point >> 18U);
      text += byte(0x80U | (code_point >> 12U & 0x3FU));
    }
    text += byte(0x80U | (code_point >> 6U & 0x3FU));
  }
  text += byte(0x80U | (code_point & 0x3FU));
}

}  // namespace imap
