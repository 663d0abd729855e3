#include "imap/flag.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace imap {

using base::equal_ignoring_case;

std::string canonical_flag(std::string_view flag) {
  static constexpr std::array<std::string_view, 6> kSystemFlags = {
      "\\Answered", "\\Deleted", "\\Draft", "\\Flagged", "\\Recent", "\\Seen"};
  for (const std::string_view known : kSystemFlags) {
    if (equal_ignoring_case(flag, known)) return std::string(known);
  }
  return std::string(flag);
}

bool is_atom(std::string_view text) {
  constexpr std::string_view kSpecials = R"((){%*"\])";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char byte) {
    return byte > 0x20 && byte < 0x7F && kSpecials.find(byte) == std::string_view::npos;
  });
}

bool can_be_sent(std::string_view flag) {
  if (flag.size() > kMaxSentFlag || is_recent(flag)) return false;
  if (flag.starts_with('\\')) flag.remove_prefix(1);
  return is_atom(flag);
}

bool is_recent(std::string_view flag) {
  return equal_ignoring_case(flag, "\\Recent");
}

std::vector<std::string> normal_flags(const std::vector<std::string>& flags) {
  std::vector<std::string> normal;
  for (const std::string& flag : flags) {
    if (!is_recent(flag)) normal.push_back(canonical_flag(flag));
  }
  std::ranges::sort(normal);
  const auto repeated = std::ranges::unique(normal);
  normal.erase(repeated.begin(), repeated.end());
  return normal;
}

}  // namespace imap
