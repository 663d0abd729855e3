#include "base/shell_quote.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/terminal.h"

namespace base {

namespace {

constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=";

std::string in_dollar_quotes(std::string_view word) {
  std::string quoted = "$'";
  for (const char byte : word) {
    const auto value = static_cast<unsigned char>(byte);
    if (byte == '\'' || byte == '\\') {
      quoted += '\\';
      quoted += byte;
    } else if (value < 0x20 || value >= 0x7f) {
      // An octal escape has at most three digits; a hexadecimal one would swallow a digit after it
      // in some shells.
      quoted += fmt::format("\\{:03o}", value);
    } else {
      quoted += byte;
    }
  }
  return quoted + "'";
}

}  // namespace

std::string shell_quoted(std::string_view word) {
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  if (escape_for_terminal(word) != word) return in_dollar_quotes(word);
  std::string quoted = "'";
  for (const char byte : word) {
    if (byte == '\'') {
      quoted += R"('\'')";
    } else {
      quoted += byte;
    }
  }
  return quoted + "'";
}

}  // namespace base
