// Room in a vector, for code that must not fail halfway: first room for everything, then changes
// that need no memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace base {

// The next push_back() allocates nothing. Grows as push_back() does, at the same cost.
template <typename Element>
void make_room_for_one(std::vector<Element>& elements) {
  constexpr std::size_t kFirstRoom = 8;
  if (elements.size() < elements.capacity()) return;
  elements.reserve(std::max(kFirstRoom, elements.size() * 2));
}

}  // namespace base
