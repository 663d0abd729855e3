#include "store/doubted_times.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace store {

std::vector<bool> doubted_times(std::span<const SnapshotInfo> snapshots,
                                std::chrono::sys_seconds now) {
  std::vector<bool> doubted(snapshots.size(), true);
  // The longest series whose times never increase, from the last snapshot to the first: earlier
  // snapshots are tried later, and replace a later one at the same place in the series.
  std::vector<std::size_t> ends;  // of the best series of each length
  std::vector<std::optional<std::size_t>> next(snapshots.size());  // in the series that it ends
  for (std::size_t i = snapshots.size(); i-- > 0;) {
    if (snapshots[i].time > now + base::kClockSlack) continue;
    const auto place = std::ranges::partition_point(
        ends, [&](std::size_t end) { return snapshots[end].time >= snapshots[i].time; });
    if (place != ends.begin()) next[i] = *(place - 1);
    if (place == ends.end()) {
      ends.push_back(i);
    } else {
      *place = i;
    }
  }
  std::optional<std::size_t> at;
  if (!ends.empty()) at = ends.back();
  for (; at; at = next[*at]) doubted[*at] = false;
  return doubted;
}

}  // namespace store
