// Globs over shown folder names (README, "Names"): `*` matches across levels, `?` matches one
// character within a level, everything else matches itself. A literal star or question mark is
// written %2A or %3F, which no folder's shown name contains.
#pragma once

#include <string>
#include <string_view>

namespace base {

// Takes at most time proportional to the product of both lengths.
bool glob_matches(std::string_view glob, std::string_view name);

// The glob that matches only this name.
std::string glob_for(std::string_view name);

}  // namespace base
