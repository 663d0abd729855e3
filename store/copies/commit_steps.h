// The commits of a store in the order in which a copy follows them.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "store/format/block.h"
#include "store/format/commit.h"
#include "store/format/commit_record.h"
#include "store/format/pack.h"
#include "store/index/commit_mark.h"
#include "store/index/index.h"
#include "store/storage/storage.h"

namespace store {

// Commits that appear together, because they are in one pack.
struct CommitStep {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  ObjectId commit;    // the one with the number `last`
  ObjectId previous;  // the one before `first`; all zero before the first
  PackName pack;

  CommitMark mark() const { return {.number = last, .id = commit}; }
};

// Those after `position`, as far as they are known: all that the index has, and earlier ones that
// only have their records. Without a position, those that the index has: earlier ones, before the
// last checkpoint, are not needed. What they name may be gone, because of a later checkpoint.
std::vector<CommitStep> steps_after(Storage& storage, const BlockContext& context, Index& index,
                                    const CommitMark& position);

}  // namespace store
