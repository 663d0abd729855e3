// Which commits a copy does not follow by itself: with the store's key, all snapshots can be
// dropped by a valid commit, and a copy that follows it opens without them.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "store/format/commit.h"
#include "store/format/object_id.h"

namespace store {

// A commit may drop fewer than this many snapshots, or a smaller share of those that the copy has;
// and so may all commits of a day that the copy follows in one run.
inline constexpr std::size_t kManyDropped = 10;
inline constexpr std::size_t kManyDroppedPercent = 20;

// The living snapshots, by id, each with its sequence.
using LivingSnapshots = std::map<ObjectId, SnapshotLine>;

// Why a person has to look at it before the copy changes from one state to the other, a line each,
// escaped: many snapshots are dropped, or an account's newest backup without a later one in its
// place. Empty: the copy follows.
std::vector<std::string> reasons_to_hold(const LivingSnapshots& before,
                                         const LivingSnapshots& after);

}  // namespace store
