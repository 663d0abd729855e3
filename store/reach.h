// How far back a time lets a command look into an account's history (base::Reach).
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "store/format/snapshot.h"

namespace store {

// `snapshots`: as returned by Reader::snapshots(). Returns the sequence number from which on they
// were certainly made at `since` or later: a higher one than the last has if that is certain of no
// snapshot, 0 for an empty list. `now`: the time by the clock.
//
// The order in which snapshots were made is certain, their times are not. So what precedes a
// snapshot from before `since` is out of reach whatever its time is; and so is everything up to a
// snapshot that is dated later than a following one, or than `now`, because the clock may have been
// wrong for any time before that. Differences up to base::kClockSlack do not count as doubt.
std::uint64_t first_made_since(std::span<const SnapshotInfo> snapshots,
                               std::chrono::sys_seconds since, std::chrono::sys_seconds now);

}  // namespace store
