#include "store/maintenance/condemned_packs.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "store/format/layout.h"
#include "store/index/reader_lock.h"

namespace store {

CondemnedPacks::CondemnedPacks(WriteSession& session, std::chrono::seconds grace,
                               std::chrono::sys_seconds now, PruneReport& report)
    : session_(session), grace_(grace), now_(now), report_(report) {}

void CondemnedPacks::load() {
  condemned_ = session_.index().condemned_rows();
}

void CondemnedPacks::classify(const std::function<bool(const Index::CondemnedRow&)>& is_needed) {
  expired_.clear();
  waiting_.clear();
  report_.waiting = 0;
  report_.waiting_bytes = 0;
  const std::uint64_t reader = oldest_reader(session_.location(), session_.files());
  for (const Index::CondemnedRow& condemned : condemned_) {
    const std::unique_ptr<base::File> file = session_.files().open(path_of(condemned));
    const bool is_over = now_ - condemned.condemned.since >= grace_;
    const bool is_read = reader < condemned.number;
    report_.has_older_reader = report_.has_older_reader || (file && is_over && is_read);
    if (!file || (is_over && !is_needed(condemned) && !is_read)) {
      expired_.push_back(condemned);
      if (file) report_.deleted_bytes += file->size();
      if (file) ++report_.deleted;
    } else {
      waiting_.push_back(condemned.condemned);
      ++report_.waiting;
      report_.waiting_bytes += file->size();
    }
  }
}

void CondemnedPacks::delete_expired() {
  std::vector<std::int64_t> rows;
  for (const Index::CondemnedRow& condemned : expired_) {
    session_.files().remove(path_of(condemned));
    if (condemned.row != 0) rows.push_back(condemned.row);
  }
  if (expired_.empty()) return;
  session_.files().sync_directory(packs_directory(session_.location()));
  session_.index().remove(rows);
}

void CondemnedPacks::condemn(const PackName& pack, std::uint64_t size) {
  const auto is_it = [&](const CondemnedPack& condemned) { return condemned.pack == pack; };
  if (std::ranges::any_of(waiting_, is_it)) return;
  waiting_.push_back({.pack = pack, .since = now_});
  ++uncounted_;
  uncounted_bytes_ += size;
}

void CondemnedPacks::count_condemned() {
  report_.condemned += uncounted_;
  report_.condemned_bytes += uncounted_bytes_;
  report_.waiting += std::exchange(uncounted_, 0);
  report_.waiting_bytes += std::exchange(uncounted_bytes_, 0);
}

base::Path CondemnedPacks::path_of(const Index::CondemnedRow& condemned) const {
  return packs_directory(session_.location()) / condemned.condemned.pack.hex();
}

}  // namespace store
