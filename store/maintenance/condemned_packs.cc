#include "store/maintenance/condemned_packs.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "store/doubted_times.h"
#include "store/index/reader_lock.h"

namespace store {

namespace {

// Deleting them takes much less time than the grace period, which protects from a host that becomes
// the owner meanwhile.
constexpr std::size_t kDeletedAtOnce = 50;

// Whether snapshots in the future may be dated rightly, and the clock be behind. Where one account
// shows that it is not, another that has no later snapshot decides nothing.
bool may_clock_be_behind(Index& index, std::chrono::sys_seconds now) {
  bool may_be = false;
  for (const std::string& account : index.accounts()) {
    const std::vector<SnapshotInfo> snapshots = index.snapshots(account);
    const auto is_future = [&](const SnapshotInfo& snapshot) {
      return base::is_in_future(snapshot.time, now);
    };
    if (std::ranges::none_of(snapshots, is_future)) continue;
    if (!may_be_behind(snapshots, now)) return false;
    may_be = true;
  }
  return may_be;
}

}  // namespace

CondemnedPacks::CondemnedPacks(WriteSession& session, std::chrono::seconds grace,
                               std::chrono::sys_seconds now, bool is_confirmed, PruneReport& report)
    : session_(session),
      grace_(grace),
      now_(now),
      may_be_behind_(!is_confirmed && may_clock_be_behind(session.index(), now)),
      report_(report) {}

void CondemnedPacks::load() {
  condemned_ = session_.index().condemned_rows();
}

void CondemnedPacks::classify(const std::function<bool(const Index::CondemnedRow&)>& is_needed) {
  expired_.clear();
  waiting_.clear();
  report_.waiting = 0;
  report_.waiting_bytes = 0;
  report_.not_begun = 0;
  const std::uint64_t reader = oldest_reader(session_.location(), session_.files());
  for (Index::CondemnedRow& condemned : condemned_) {
    std::chrono::sys_seconds& since = condemned.condemned.since;
    if (base::is_in_future(since, now_) && since != kNeverDeleted && !may_be_behind_) {
      since = now_;
      has_redated_ = true;
    }
    const std::optional<std::uint64_t> size =
        session_.storage().size(blob_of(condemned.condemned.pack));
    const bool is_due = is_over(condemned.condemned);
    const bool is_read = reader < condemned.number;
    report_.has_older_reader = report_.has_older_reader || (size && is_due && is_read);
    if (!size || (is_due && !is_needed(condemned) && !is_read)) {
      expired_.push_back(condemned);
      report_.deleted_bytes += size.value_or(0);
      if (size) ++report_.deleted;
    } else {
      wait_for(condemned.condemned, *size);
    }
  }
}

bool CondemnedPacks::is_over(const CondemnedPack& condemned) const {
  if (condemned.since == kNeverDeleted) return false;
  return grace_.count() == 0 || now_ - condemned.since >= grace_;
}

void CondemnedPacks::wait_for(const CondemnedPack& condemned, std::uint64_t size) {
  waiting_.push_back(condemned);
  if (condemned.since == kNeverDeleted) return;
  ++report_.waiting;
  report_.waiting_bytes += size;
  if (base::is_in_future(condemned.since, now_)) ++report_.not_begun;
}

void CondemnedPacks::delete_expired() {
  const std::span<const Index::CondemnedRow> expired(expired_);
  for (std::size_t begin = 0; begin < expired.size(); begin += kDeletedAtOnce) {
    delete_batch(expired.subspan(begin, std::min(kDeletedAtOnce, expired.size() - begin)));
  }
}

void CondemnedPacks::delete_batch(std::span<const Index::CondemnedRow> batch) {
  std::vector<std::int64_t> rows;
  std::vector<BlobName> blobs;
  for (const Index::CondemnedRow& condemned : batch) {
    blobs.push_back(blob_of(condemned.condemned.pack));
    if (condemned.row != 0) rows.push_back(condemned.row);
  }
  session_.require_ownership();
  const std::vector<NotRemoved> left = session_.storage().remove(blobs);
  if (!left.empty()) base::fail(base::ErrorCode::kIo, "{}", left.front().why);
  session_.index().remove(rows);
}

void CondemnedPacks::condemn(const PackName& pack, std::uint64_t size) {
  const auto is_it = [&](const CondemnedPack& condemned) { return condemned.pack == pack; };
  if (std::ranges::any_of(waiting_, is_it)) return;
  waiting_.push_back({.pack = pack, .since = may_be_behind_ ? kGraceNotBegun : now_});
  ++uncounted_;
  uncounted_bytes_ += size;
}

void CondemnedPacks::count_condemned() {
  report_.condemned += uncounted_;
  report_.condemned_bytes += uncounted_bytes_;
  if (may_be_behind_) report_.not_begun += uncounted_;
  report_.waiting += std::exchange(uncounted_, 0);
  report_.waiting_bytes += std::exchange(uncounted_bytes_, 0);
}

}  // namespace store
