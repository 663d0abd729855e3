#include "restore/redated_tree.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "restore/restore_request.h"
#include "store/doubted_times.h"

namespace restore {

using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

// An unreadable request leaves the source, which each record has.
std::uint64_t recorded_sequence(const store::TreeRecord& record) {
  if (record.request.empty()) return 0;
  try {
    return read_request(record.request).made_after;
  } catch (const base::Error&) {
    return 0;
  }
}

}  // namespace

std::optional<std::uint64_t> made_after(const store::TreeRecord& record,
                                        std::span<const store::SnapshotInfo> snapshots) {
  std::uint64_t sequence = recorded_sequence(record);
  const auto source = std::ranges::find(snapshots, record.snapshot, &store::SnapshotInfo::id);
  if (source != snapshots.end()) sequence = std::max(sequence, source->sequence);
  if (sequence == 0) return std::nullopt;
  return sequence;
}

bool is_in_future(const store::TreeRecord& record, sys_seconds now) {
  return record.created > now + base::kClockSlack;
}

std::optional<store::TreeRecord> redated(const store::TreeRecord& record,
                                         std::span<const store::SnapshotInfo> snapshots,
                                         sys_seconds now) {
  const seconds stay = std::max(seconds(0), seconds(record.expires - record.created));
  store::TreeRecord right = record;
  if (is_in_future(record, now)) {
    // Then the tree may be dated rightly, and a shorter stay would delete it early once the clock
    // is right again.
    if (store::may_be_behind(snapshots, now)) return std::nullopt;
    right.created = now;
    // An expiry before the creation was set by hand, with a right clock.
    if (record.expires > record.created) right.expires = std::min(record.expires, now + stay);
    return right;
  }
  const auto since = made_after(record, snapshots);
  if (!since) return std::nullopt;
  // Its source may have been made with the same wrong clock: then the snapshots before it show
  // that. The mailbox of that time is the one that the tree was made in (DueTreeSweep).
  const auto latest = store::latest_certain_time(snapshots, *since, now);
  if (!latest || *latest <= record.created + base::kClockSlack) return std::nullopt;
  right.created = std::min(*latest, now);
  right.expires = std::max(record.expires, now + stay);
  return right;
}

}  // namespace restore
