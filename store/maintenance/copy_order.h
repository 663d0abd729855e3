// The order in which prune writes what it copies, as a pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/maintenance/marks.h"
#include "store/maintenance/similarity.h"

namespace store {

struct ObjectToCopy {
  ObjectEntry object;
  ObjectPlace place;
  Owner owner;
  Features features;
  std::size_t group = 0;  // for arrange()
};

// Reading a folder from its first message to its last must not read it several times over, and a
// reader keeps 64 MiB: so an object is moved within a window of the folder's objects, in bytes
// before compression.
inline constexpr std::uint64_t kTextWindow = std::uint64_t{24} << 20;
inline constexpr std::uint64_t kRecordWindow = std::uint64_t{12} << 20;

// Sorts objects of one stream by account, then by folder, and then as they were stored, except that
// within a window all objects that are similar to one, directly or through others, follow it: mail
// that came at the same time is alike too.
void arrange(std::vector<ObjectToCopy>& objects, std::uint64_t window);

}  // namespace store
