// Which snapshots of an account have a time that a wrong clock showed, as far as the other
// snapshots show.
#pragma once

#include <chrono>
#include <span>
#include <vector>

#include "store/format/snapshot.h"

namespace store {

// `snapshots` in the order in which they were made, as Reader::snapshots() returns them. A time in
// the future of `now` is doubted. Of the others as few as possible: those without which the times
// follow the order; of equally few, those without which the others are closest together, or else
// those that were made later. Takes time with n log n of their number.
std::vector<bool> doubted_times(std::span<const SnapshotInfo> snapshots,
                                std::chrono::sys_seconds now);

}  // namespace store
