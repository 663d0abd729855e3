// Dropping and pinning snapshots. What only a dropped snapshot needs is deleted by the next prune.
//
// Both functions take the store's lock, and fail as Writer::open does.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/object_id.h"

namespace store {

// Durable. Unknown and pinned snapshots are ignored. Returns how many were dropped.
std::uint64_t drop_snapshots(const Location& location, base::FileSystem& files,
                             const base::Clock& clock, const std::set<ObjectId>& snapshots);

// Keeps the snapshot until `until` (kPinnedWithoutEnd: for ever), or no longer (1970), whatever was
// recorded before. Durable. Fails with kNotFound if the store has no such snapshot.
void pin_snapshot(const Location& location, base::FileSystem& files, const base::Clock& clock,
                  const ObjectId& snapshot, std::chrono::sys_seconds until);

}  // namespace store
