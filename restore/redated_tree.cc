#include "restore/redated_tree.h"

#include <algorithm>
#include <ranges>

#include "base/clock.h"
#include "base/error.h"
#include "restore/restore_request.h"
#include "store/clock_guard.h"
#include "store/doubted_times.h"

namespace restore {

using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

std::optional<RestoreRequest> readable_request(const store::TreeRecord& record) {
  if (record.request.empty()) return std::nullopt;
  try {
    return read_request(record.request);
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

// An unreadable request leaves the source, which each record has.
std::uint64_t recorded_sequence(const store::TreeRecord& record) {
  const auto request = readable_request(record);
  return request ? request->made_after : 0;
}

std::optional<sys_seconds> promised_expiry(const store::TreeRecord& record) {
  const auto request = readable_request(record);
  return request ? request->promised : std::nullopt;
}

// The latest time that had certainly come when the tree was made. Its source may have been made
// with the same wrong clock: then the snapshots before it show that, or the record's own note.
std::optional<sys_seconds> certain_time(const store::TreeRecord& record,
                                        std::span<const store::SnapshotInfo> snapshots,
                                        sys_seconds now) {
  std::optional<sys_seconds> latest;
  if (const auto since = made_after(record, snapshots)) {
    latest = store::latest_certain_time(snapshots, *since, now);
  }
  const auto request = readable_request(record);
  // A clock that was ahead may have noted a time of the future.
  if (!request || !request->not_before || base::is_in_future(*request->not_before, now)) {
    return latest;
  }
  return std::max(latest.value_or(*request->not_before), *request->not_before);
}

// Whether the snapshots made after the tree show that the clock was ahead when it was made. The
// first of them shows nothing: a clock that is behind may have dated it.
bool was_ahead(const store::TreeRecord& record, std::span<const store::SnapshotInfo> snapshots,
               sys_seconds now) {
  const auto since = made_after(record, snapshots);
  if (!since) return false;
  std::optional<sys_seconds> first;
  for (const store::SnapshotInfo& snapshot : std::views::reverse(snapshots)) {
    if (snapshot.sequence <= *since || base::is_in_future(snapshot.time, now)) break;
    first = snapshot.time;
  }
  return first && now - *first >= store::kMaxAhead;
}

// A tree must not stay for years because the store can't decide.
std::optional<store::TreeRecord> with_latest_expiry(const store::TreeRecord& record,
                                                    const TrustedTime& time) {
  const sys_seconds last = time.now + time.longest_stay;
  auto request = readable_request(record);
  // Without a note of it, a right clock could not undo this.
  if (record.expires <= last || !request) return std::nullopt;
  request->promised = std::max(record.expires, request->promised.value_or(record.expires));
  store::TreeRecord right = record;
  right.expires = last;
  right.request = write_request(*request);
  return right;
}

void forget_promise(store::TreeRecord& record) {
  auto request = readable_request(record);
  if (!request || !request->promised) return;
  request->promised.reset();
  record.request = write_request(*request);
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
  return base::is_in_future(record.created, now);
}

std::optional<store::TreeRecord> redated(const store::TreeRecord& record,
                                         std::span<const store::SnapshotInfo> snapshots,
                                         const TrustedTime& time) {
  const auto promised = promised_expiry(record);
  store::TreeRecord right = record;
  if (!is_in_future(record, time.now)) {
    if (promised) {
      right.expires = std::max(record.expires, *promised);
      forget_promise(right);
    }
    auto later = redated_from_behind(right, snapshots, time.now);
    if (later) return later;
    return promised ? std::optional(right) : std::nullopt;
  }
  // The tree may be dated rightly: then a shorter stay would delete it early once the clock is
  // right again.
  if (!time.is_confirmed && !was_ahead(record, snapshots, time.now))
    return with_latest_expiry(record, time);
  const sys_seconds expires = promised.value_or(record.expires);
  right.created = time.now;
  // An expiry before the creation was set by hand, with a right clock.
  if (expires > record.created) {
    right.expires = std::min(record.expires, time.now + (expires - record.created));
  }
  forget_promise(right);
  return right;
}

std::optional<store::TreeRecord> redated_from_behind(const store::TreeRecord& record,
                                                     std::span<const store::SnapshotInfo> snapshots,
                                                     sys_seconds now) {
  if (is_in_future(record, now)) return std::nullopt;
  // The mailbox of that time is the one that the tree was made in (DueTreeSweep).
  const auto latest = certain_time(record, snapshots, now);
  if (!latest || *latest <= record.created + base::kClockSlack) return std::nullopt;
  const seconds stay = std::max(seconds(0), seconds(record.expires - record.created));
  store::TreeRecord right = record;
  right.created = std::min(*latest, now);
  right.expires = std::max(record.expires, now + stay);
  return right;
}

store::TreeRecord made_due(const store::TreeRecord& record,
                           std::span<const store::SnapshotInfo> snapshots, sys_seconds now) {
  store::TreeRecord due = redated_from_behind(record, snapshots, now).value_or(record);
  due.expires = std::min(due.expires, now);
  forget_promise(due);
  return due;
}

store::TreeRecord extended(const store::TreeRecord& record,
                           std::span<const store::SnapshotInfo> snapshots, sys_seconds now,
                           seconds length) {
  store::TreeRecord longer = redated_from_behind(record, snapshots, now).value_or(record);
  longer.expires = std::max(now, longer.expires) + length;
  if (auto request = readable_request(longer); request && request->promised) {
    *request->promised += length;
    longer.request = write_request(*request);
  }
  return longer;
}

}  // namespace restore
