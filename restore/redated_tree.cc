#include "restore/redated_tree.h"

#include <algorithm>
#include <cstddef>

#include "base/clock.h"
#include "store/doubted_times.h"

namespace restore {

using std::chrono::seconds;
using std::chrono::sys_seconds;

bool is_in_future(const store::TreeRecord& record, sys_seconds now) {
  return record.created > now + base::kClockSlack;
}

std::optional<store::TreeRecord> redated(const store::TreeRecord& record,
                                         std::span<const store::SnapshotInfo> snapshots,
                                         sys_seconds now) {
  const seconds stay = std::max(seconds(0), seconds(record.expires - record.created));
  store::TreeRecord right = record;
  if (is_in_future(record, now)) {
    right.created = now;
    right.expires = std::min(record.expires, now + stay);
    return right;
  }
  const auto source = std::ranges::find(snapshots, record.snapshot, &store::SnapshotInfo::id);
  if (source == snapshots.end() || source->time <= record.created + base::kClockSlack) {
    return std::nullopt;
  }
  const auto at = static_cast<std::size_t>(source - snapshots.begin());
  if (store::doubted_times(snapshots, now)[at]) return std::nullopt;
  // The mailbox of that time is the one that the tree was made in (DueTreeSweep).
  right.created = std::min(source->time, now);
  right.expires = std::max(record.expires, now + stay);
  return right;
}

}  // namespace restore
