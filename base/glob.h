// Globs over shown folder names (README, "Names"): `*` crosses levels, `?` is one character within
// a level, everything else is itself. A star or a question mark that is itself is written %2A or
// %3F: no folder's name is shown with these.
#pragma once

#include <string>
#include <string_view>

namespace base {

// Takes time proportional to the product of both lengths at most.
bool glob_matches(std::string_view glob, std::string_view name);

// The glob that matches this name alone.
std::string glob_for(std::string_view name);

}  // namespace base
