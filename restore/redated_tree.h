// Trees that a wrong clock dated.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "store/format/snapshot.h"
#include "store/tree_record.h"

namespace restore {

// The time of a trusted clock, and what decides about a tree that is dated in its future.
struct TrustedTime {
  std::chrono::sys_seconds now{};
  // The whole store or the administrator confirms it (store::confirms_time()).
  bool is_confirmed = false;
  std::chrono::seconds longest_stay{};  // of a tree of the account
};

// Whether the tree is dated in the future of `now`.
bool is_in_future(const store::TreeRecord& record, std::chrono::sys_seconds now);

// The highest sequence number of the snapshots that certainly existed when the tree was made;
// nullopt if none of them is known. `snapshots`: of the account that it was restored from.
std::optional<std::uint64_t> made_after(const store::TreeRecord& record,
                                        std::span<const store::SnapshotInfo> snapshots);

// The record with corrected times; nullopt if nothing contradicts them. `snapshots`: of the account
// that it was restored from, in the order in which they were made.
//
// A tree in the future was made while the clock was ahead, or the clock is behind now. It stays
// only as long as its user was told, from now on, if the time is confirmed or the snapshots made
// after it span more than a jump that nothing notices. Otherwise it keeps its expiry, but for
// `longest_stay` at most. The record notes the expiry that it had; it counts again when the clock
// shows the time at which the tree was made.
//
// A tree that is not in the future: as redated_from_behind().
std::optional<store::TreeRecord> redated(const store::TreeRecord& record,
                                         std::span<const store::SnapshotInfo> snapshots,
                                         const TrustedTime& time);

// For a tree that is older than a snapshot that existed before it, or than the time that its record
// notes: it was made while the clock was behind. The record with the times of a tree made as late
// as it may have been, so that it stays from now on as long as its user was told; nullopt for other
// trees.
std::optional<store::TreeRecord> redated_from_behind(const store::TreeRecord& record,
                                                     std::span<const store::SnapshotInfo> snapshots,
                                                     std::chrono::sys_seconds now);

// The record of a tree that is due from `now` on, also for a sweep that corrects its times.
store::TreeRecord made_due(const store::TreeRecord& record,
                           std::span<const store::SnapshotInfo> snapshots,
                           std::chrono::sys_seconds now);

// The record of a tree that stays for `length` longer than it would, or than until `now` if it is
// due; first with the times of redated_from_behind(), so that the error of the clock that dated it
// does not count as stay.
store::TreeRecord extended(const store::TreeRecord& record,
                           std::span<const store::SnapshotInfo> snapshots,
                           std::chrono::sys_seconds now, std::chrono::seconds length);

}  // namespace restore
