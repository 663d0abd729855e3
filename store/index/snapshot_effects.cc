#include "store/index/snapshot_effects.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace store {

std::uint64_t used_up_after(Index& index, const std::vector<Commit>& series) {
  const Commit& first = series.front();
  std::uint64_t used_up = std::max(first.used_up, index.used_up());
  std::map<std::string_view, std::uint64_t> kept;  // the highest sequences in the checkpoint
  for (const Commit& commit : series) {
    for (const SnapshotLine& line : commit.snapshots) {
      std::uint64_t& highest = kept[line.account];
      // Without a sequence, the index numbers the line: it may be the newest.
      highest = std::max(highest, line.sequence == 0 ? UINT64_MAX : line.sequence);
    }
  }
  const std::set<ObjectId> dropped(first.dropped.begin(), first.dropped.end());
  for (const std::string& account : index.accounts()) {
    const std::uint64_t highest = index.highest_sequence(account);
    if (highest <= used_up) continue;
    const bool is_dropped = first.is_checkpoint
                                ? kept[account] < highest
                                : dropped.contains(index.snapshots(account, highest).back().id);
    if (is_dropped) used_up = highest;
  }
  return used_up;
}

std::vector<SnapshotLine> remaining_lines(Index& index, const std::vector<Commit>& series,
                                          const Keys& keys) {
  std::set<ObjectId> changed;
  for (const Commit& commit : series) {
    changed.insert(commit.dropped.begin(), commit.dropped.end());
    for (const SnapshotLine& line : commit.snapshots) changed.insert(snapshot_id(keys, line));
  }
  std::vector<SnapshotLine> remaining;
  for (const std::string& account : index.accounts()) {
    for (SnapshotLine& line : index.lines(account)) {
      if (!changed.contains(snapshot_id(keys, line))) remaining.push_back(std::move(line));
    }
  }
  return remaining;
}

}  // namespace store
