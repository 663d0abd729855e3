// Brings the index up to date with the packs: after a crash, a lost index, or packs that were
// restored or removed. Reindexing is this with an empty index.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/pack.h"
#include "store/index/index.h"

namespace store {

// Needs the store's lock. Returns the problems of the store, a line each: packs that can't be read,
// that are missing.
std::vector<std::string> catch_up(const Location& location, base::FileSystem& files,
                                  const BlockContext& context, Index& index);

// The index as if it had been empty and the packs `without` did not exist. Needs the store's lock.
struct Rebuilt {
  std::vector<std::string> damage;  // as catch_up() reports it
  std::vector<std::pair<ObjectId, Commit>> commits;
};
Rebuilt rebuild_index(const Location& location, base::FileSystem& files,
                      const BlockContext& context, Index& index, const std::set<PackName>& without);

// The pack's commits, oldest first.
std::vector<std::pair<ObjectId, Commit>> read_commits(PackFile& file, const Pack& pack,
                                                      const BlockContext& context,
                                                      Decompressor& decompressor);

}  // namespace store
