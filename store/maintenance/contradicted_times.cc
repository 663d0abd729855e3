#include "store/maintenance/contradicted_times.h"

namespace store {

std::vector<std::optional<Contradiction>> find_contradictions(
    std::span<const SnapshotInfo> snapshots) {
  std::vector<std::optional<Contradiction>> all(snapshots.size());
  std::size_t latest = 0;          // the last one that none before it contradicts
  std::chrono::seconds offset{0};  // of the clock since it went back
  for (std::size_t at = 1; at < snapshots.size(); ++at) {
    const std::chrono::sys_seconds time = snapshots[at].time;
    if (time >= snapshots[latest].time) {
      for (std::size_t before = latest + 1; before < at; ++before) all[before]->next = at;
      latest = at;
      offset = std::chrono::seconds(0);
      continue;
    }
    const std::optional<Contradiction>& before = all[at - 1];
    const std::chrono::sys_seconds earliest = before ? before->shifted : snapshots[latest].time;
    std::size_t first = before ? before->first : at;
    if (time + offset < earliest) {
      offset = earliest - time;
      first = at;
    }
    all[at] = {.shifted = time + offset, .next = std::nullopt, .first = first};
  }
  return all;
}

}  // namespace store
