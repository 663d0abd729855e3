// Globs over shown folder names (README, "Names"): `*` crosses levels, `?` is one character within
// a level, everything else is itself.
#pragma once

#include <string_view>

namespace base {

// Takes time proportional to the product of both lengths at most.
bool glob_matches(std::string_view glob, std::string_view name);

}  // namespace base
