// The target of a request: its path and query, decoded and checked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace web {

struct Target {
  std::vector<std::string> path;  // the segments, decoded; "/" has no segment
  std::vector<std::pair<std::string, std::string>> query;
};

inline constexpr std::size_t kMaxTarget = 24'576;  // bytes, as they were sent

// Nullopt for a target that has no single meaning: one that does not begin with a slash, has an
// empty segment other than the last, "." or ".." in any spelling (browsers and proxies remove
// these), a backslash that is not percent-encoded, a control character, bytes that are not UTF-8, a
// broken percent sign, or a parameter twice.
std::optional<Target> parse_target(std::string_view text);

// Percent-encoding of all but letters, digits, "-", ".", "_" and "~".
std::string percent_encoded(std::string_view text);

}  // namespace web
