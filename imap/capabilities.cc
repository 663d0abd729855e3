#include "imap/capabilities.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.h"

namespace imap {

using base::equal_ignoring_case;
using base::starts_with_ignoring_case;

Capabilities::Capabilities(std::vector<std::string> names) : names_(std::move(names)) {
  if (names_.size() > kMaxNames) names_.resize(kMaxNames);
}

bool Capabilities::has(std::string_view name) const {
  return std::any_of(names_.begin(), names_.end(),
                     [name](const std::string& known) { return equal_ignoring_case(known, name); });
}

std::optional<std::uint64_t> Capabilities::append_limit() const {
  constexpr std::string_view kKey = "APPENDLIMIT=";
  for (const std::string& name : names_) {
    if (!starts_with_ignoring_case(name, kKey)) continue;
    std::uint64_t limit = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + kKey.size(), end, limit);
    if (error == std::errc() && stop == end) return limit;
  }
  return std::nullopt;
}

}  // namespace imap
