// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace base {

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // bytes
};

// The character that `text` begins with; nothing if it begins with none (or is empty).
std::optional<CodePoint> first_code_point(std::string_view text);

bool is_utf8(std::string_view text);

void append_utf8(std::string& text, char32_t code_point);

// C0, DEL and C1 controls, and the marks that turn the direction of writing: what must not reach a
// terminal.
bool is_control(char32_t code_point);

}  // namespace base
