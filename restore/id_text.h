// Ids of snapshots and messages as people read and write them: by their first digits.
#pragma once

#include <cstddef>
#include <string>

namespace restore {

inline constexpr std::size_t kFewestDigits = 8;  // that are taken for an id

// Whether it may be meant as an id: so many hexadecimal digits, and not more than an id has.
bool begins_an_id(const std::string& text);

// What tables and commands show of an id: enough for nobody to meet two of them.
std::string shown_id(const std::string& hex);

}  // namespace restore
