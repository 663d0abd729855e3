#include "store/reach.h"

#include <algorithm>
#include <ranges>

#include "base/clock.h"

namespace store {

std::uint64_t first_made_since(std::span<const SnapshotInfo> snapshots,
                               std::chrono::sys_seconds since, std::chrono::sys_seconds now) {
  if (snapshots.empty()) return 0;
  std::uint64_t first = snapshots.back().sequence + 1;
  std::chrono::sys_seconds latest = now;  // that the next snapshot can have been made
  for (const SnapshotInfo& snapshot : snapshots | std::views::reverse) {
    if (snapshot.time < since || snapshot.time > latest + base::kClockSlack) {
      return std::max(first, snapshot.sequence + 1);
    }
    first = snapshot.sequence;
    latest = std::min(latest, snapshot.time);
  }
  return first;
}

}  // namespace store
