// The order in which prune writes what it copies, as a pure function.
#pragma once

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
  Similarity similarity;     // all equal: it doesn't matter
  std::uint32_t window = 0;  // see arrange()
};

// Reading a folder from its first message to its last must not read it several times over, and a
// reader keeps 64 MiB: so an object is moved within a window of the folder's objects, in bytes
// before compression.
inline constexpr std::uint64_t kTextWindow = std::uint64_t{24} << 20;
inline constexpr std::uint64_t kRecordWindow = std::uint64_t{12} << 20;

// Sorts objects of one stream by account, then by folder. Within a folder, the objects of a window
// are sorted by similarity; the windows follow each other in the order in which their objects were
// stored, and so do equal objects.
void arrange(std::vector<ObjectToCopy>& objects, std::uint64_t window);

}  // namespace store
