// "Did you mean ...?"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

// The candidate that `word` was probably meant to be, regardless of case and accents; nullopt if
// none is close enough.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

// The end of a message about an unknown `word`, with the nearest candidate, escaped:
// `: did you mean "inbox"?`. Empty if none is close enough.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace base
