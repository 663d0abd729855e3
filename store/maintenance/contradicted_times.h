// Snapshots whose times an earlier one contradicts, because it is dated later: its clock was ahead,
// or their clock was behind. The number of snapshots on either side does not show which (unlike
// store/doubted_times.h, which marks as few as possible), so the retention considers both.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "store/format/snapshot.h"

namespace store {

// Positions are those in the snapshots that are given.
struct Contradiction {
  // Its time if the earlier snapshot is dated rightly: as early as the order allows, and as far
  // from the others made with the same clock as their times say.
  std::chrono::sys_seconds shifted{};
  // The next snapshot with a time that none before it contradicts: it was made before this one.
  // nullopt if all later ones are contradicted.
  std::optional<std::size_t> next = {};
  // The first snapshot after the clock went back. The one before it is dated later.
  std::size_t first = 0;
};

// `snapshots`: of one account, in the order in which they were made, none in the future. nullopt
// for a snapshot that none before it contradicts. As long as a snapshot, its `next`, its `first`
// and the one before that are there, and the same of the latter, its contradiction is the same
// without any of the others.
std::vector<std::optional<Contradiction>> find_contradictions(
    std::span<const SnapshotInfo> snapshots);

}  // namespace store
