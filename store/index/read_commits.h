// The commits in a pack.
#pragma once

#include <utility>
#include <vector>

#include "store/format/commit.h"
#include "store/format/pack.h"

namespace store {

// Oldest first. Fails with kDamaged, and like reading a block.
std::vector<std::pair<ObjectId, Commit>> read_commits(PackFile& file, const Pack& pack,
                                                      const BlockContext& context,
                                                      Decompressor& decompressor);

}  // namespace store
