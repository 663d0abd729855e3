#include "restore/redated_tree.h"

#include <algorithm>
#include <cstddef>
#include <ranges>

#include "base/clock.h"
#include "store/clock_guard.h"
#include "store/doubted_times.h"

namespace restore {

using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

// Snapshots in the future may mean that the clock is behind now: then a tree of the future is dated
// rightly, and shortening its stay would delete it early once the clock is right again. The
// snapshots made since decide, once they span more than a jump that nothing notices.
bool may_be_behind(std::span<const store::SnapshotInfo> snapshots, sys_seconds now) {
  const auto last = std::ranges::find_if(std::views::reverse(snapshots), [&](const auto& snapshot) {
    return snapshot.time > now + base::kClockSlack;
  });
  if (last == std::views::reverse(snapshots).end()) return false;
  const auto next = last.base();
  return next == snapshots.end() || now - next->time < store::kMaxAhead;
}

}  // namespace

bool is_in_future(const store::TreeRecord& record, sys_seconds now) {
  return record.created > now + base::kClockSlack;
}

std::optional<store::TreeRecord> redated(const store::TreeRecord& record,
                                         std::span<const store::SnapshotInfo> snapshots,
                                         sys_seconds now) {
  const seconds stay = std::max(seconds(0), seconds(record.expires - record.created));
  store::TreeRecord right = record;
  if (is_in_future(record, now)) {
    if (may_be_behind(snapshots, now)) return std::nullopt;
    right.created = now;
    // An expiry before the creation was set by hand, with a right clock.
    if (record.expires > record.created) right.expires = std::min(record.expires, now + stay);
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
