// UTF-8, one character at a time (RFC 3629).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace imap {

struct Utf8Character {
  char32_t code_point = 0;
  std::size_t length = 0;  // bytes
};

// The first character of `text`; nothing if `text` is empty or does not begin with one: overlong
// forms, surrogates and what is above U+10FFFF are none.
std::optional<Utf8Character> first_utf8_character(std::string_view text);

bool is_utf8(std::string_view text);

// `code_point` must be a Unicode scalar value.
void append_utf8(std::string& text, char32_t code_point);

}  // namespace imap
