#include "imap/connection_lost.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"

namespace imap {

using base::to_upper;

std::optional<std::chrono::milliseconds> suggested_pause(std::string_view words) {
  constexpr std::string_view kHint = "Suggested Backoff Time:";
  constexpr std::chrono::milliseconds kMaxPause = std::chrono::days(1);
  const auto same = [](char a, char b) { return to_upper(a) == to_upper(b); };
  const auto* const hint =
      std::search(words.begin(), words.end(), kHint.begin(), kHint.end(), same);
  if (hint == words.end()) return std::nullopt;
  std::string_view rest(hint + kHint.size(), words.end());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error == std::errc::result_out_of_range) return kMaxPause;
  if (error != std::errc() || number < 0) return std::nullopt;
  return std::chrono::milliseconds(std::min<std::int64_t>(number, kMaxPause.count()));
}

}  // namespace imap
