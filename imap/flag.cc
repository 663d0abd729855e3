#include "imap/flag.h"

#include <array>

#include "imap/ascii.h"

namespace imap {

std::string canonical_flag(std::string_view flag) {
  static constexpr std::array<std::string_view, 6> kSystemFlags = {
      "\\Answered", "\\Deleted", "\\Draft", "\\Flagged", "\\Recent", "\\Seen"};
  for (const std::string_view known : kSystemFlags) {
    if (equal_ignoring_case(flag, known)) return std::string(known);
  }
  return std::string(flag);
}

bool is_recent(std::string_view flag) {
  return equal_ignoring_case(flag, "\\Recent");
}

}  // namespace imap
