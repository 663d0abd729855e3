// Ids of snapshots and messages as people read and write them: their first digits.
#pragma once

#include <cstddef>
#include <string>

namespace base {

inline constexpr std::size_t kMinIdDigits = 8;  // shorter text is not taken for an id
inline constexpr std::size_t kIdDigits = 64;    // of a whole id

// Whether the text may be meant as an id: at least kMinIdDigits hexadecimal digits, and not more
// than an id has.
bool begins_an_id(const std::string& text);

// The digits of an id that tables and commands show: enough to make a collision practically
// impossible.
std::string shown_id(const std::string& hex);

}  // namespace base
