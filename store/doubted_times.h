// Which snapshots of an account have a time that a wrong clock showed, as far as the other
// snapshots show. Whatever compares a snapshot's time uses this, since the order in which snapshots
// were made is certain and their times are not.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
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

// When they were made, as far as is known: each at its own time, but a doubted one at that of the
// last one before it that is not doubted; without one, at that of the first after it; at `now` if
// all are doubted. The times follow the order.
std::vector<std::chrono::sys_seconds> likely_times(std::span<const SnapshotInfo> snapshots,
                                                   std::chrono::sys_seconds now);

// The latest time that is not doubted of those with this sequence number or a lower one: what was
// made after them was made later, whatever its clock showed. nullopt if all are doubted.
std::optional<std::chrono::sys_seconds> latest_certain_time(std::span<const SnapshotInfo> snapshots,
                                                            std::uint64_t sequence,
                                                            std::chrono::sys_seconds now);

// Whether snapshots in the future of `now` may be right, and the clock is behind. The snapshots
// made since decide, once they span more than a jump that nothing notices.
bool may_be_behind(std::span<const SnapshotInfo> snapshots, std::chrono::sys_seconds now);

// Whether the snapshots of the whole store, in any order, confirm that `now` is right: none of them
// is in its future, and the newest of them lead up to it, without a gap of more than kMaxAhead,
// over at least as long a time. Fewer may all be those of a clock that is behind.
bool confirms_time(std::span<const SnapshotInfo> snapshots, std::chrono::sys_seconds now);

}  // namespace store
