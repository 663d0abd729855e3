// Trees that a wrong clock dated.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "store/format/snapshot.h"
#include "store/tree_record.h"

namespace restore {

// Whether the tree is dated in the future of `now`.
bool is_in_future(const store::TreeRecord& record, std::chrono::sys_seconds now);

// The highest sequence number of the snapshots that certainly existed when the tree was made;
// nullopt if none of them is known. `snapshots`: of the account that it was restored from.
std::optional<std::uint64_t> made_after(const store::TreeRecord& record,
                                        std::span<const store::SnapshotInfo> snapshots);

// The record with the times of a tree made as late as it may have been, so that it stays as long as
// its user was told; nullopt if nothing contradicts its times. A tree in the future was made while
// the clock was ahead, unless snapshots in the future suggest that the clock is behind now; one
// that is older than a snapshot that existed before it, while the clock was behind.
// `snapshots`: of the account that it was restored from, in the order in which they were made.
// `now` is a trusted time.
std::optional<store::TreeRecord> redated(const store::TreeRecord& record,
                                         std::span<const store::SnapshotInfo> snapshots,
                                         std::chrono::sys_seconds now);

}  // namespace restore
