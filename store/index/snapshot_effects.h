// The effects of new commits on the snapshots of the index that they are to be added to.
#pragma once

#include <cstdint>
#include <vector>

#include "store/format/commit.h"
#include "store/format/crypto.h"
#include "store/index/index.h"

namespace store {

// Commit::used_up for commits that drop snapshots: no lower than the sequence of any account whose
// newest snapshot they drop. A prune and a repair drop by leaving a snapshot out of a checkpoint.
std::uint64_t used_up_after(Index& index, const std::vector<Commit>& series);

// The lines that remain without a change. Some may have a sequence in the index only: it numbers
// those of older versions down from the first recorded one, which is right as long as accounts skip
// no numbers. Commit::used_up makes them skip some.
std::vector<SnapshotLine> remaining_lines(Index& index, const std::vector<Commit>& series,
                                          const Keys& keys);

}  // namespace store
