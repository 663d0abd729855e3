#include "store/maintenance/prune.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/format/commit_chain.h"
#include "store/format/layout.h"
#include "store/index/object_reader.h"
#include "store/index/reader_lock.h"
#include "store/maintenance/leftovers.h"
#include "store/maintenance/marking.h"
#include "store/maintenance/marks.h"
#include "store/search_index/search_index.h"
#include "store/write_session.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

// A snapshot may have been pinned since the caller made its plan.
std::set<ObjectId> without_pinned(Index& index, std::set<ObjectId> snapshots,
                                  std::chrono::sys_seconds now) {
  for (const Pin& pin : index.pins()) {
    if (pin.until > now) snapshots.erase(pin.snapshot);
  }
  return snapshots;
}

class Prune {
 public:
  Prune(const Location& location, base::FileSystem& files, const base::Clock& clock,
        const PruneOptions& options)
      : options_(options),
        session_(location, files, clock, Effort::kStrong),
        now_(clock.now_seconds()),
        drop_(without_pinned(session_.index(), options.drop, now_)),
        objects_(files, packs_directory(location), session_.context(), session_.index()),
        marks_(location.index),
        marked_(files, packs_directory(location), session_.context(), marks_),
        marking_(session_.index(), objects_, session_.context().keys, marks_) {}

  PruneReport run() {
    refuse_damaged_store();
    mark();
    choose();
    if (options_.mode == PruneMode::kPlan) {
      classify_condemned();
      return std::move(report_);
    }
    report_.leftovers = remove_leftovers(session_.location(), session_.files(), now_);
    classify_condemned();
    delete_condemned();
    if (report_.dropped > 0 || report_.condemned > 0) {
      copy_living();
      commit();
      clean_search_index();
      report_.written_bytes = session_.stored_bytes();
    }
    return std::move(report_);
  }

 private:
  Index& index() { return session_.index(); }

  // The index forgets a missing pack when it is rebuilt without it, and with the pack the snapshots
  // of its commits: what they need would be deleted as unreferenced. So the chain of commits is
  // checked each time.
  void refuse_damaged_store() {
    std::vector<std::string> damage = session_.damage();
    std::vector<NamedCommit> commits;
    for (const ObjectId& id : index().commits()) {
      try {
        commits.emplace_back(id, Commit::decode(objects_.read_manifest(ObjectType::kCommit, id)));
      } catch (const base::Error& error) {
        damage.emplace_back(error.what());
      }
    }
    if (damage.empty()) {
      const std::vector<PackName> packs = index().packs();
      damage = find_breaks(commits, {packs.begin(), packs.end()});
    }
    if (damage.empty()) return;
    mark();  // fails with the account's name if a snapshot is known to need what is lost
    fail(ErrorCode::kDamaged, "{}: run mailstow-backupd check: nothing was dropped or deleted",
         damage.front());
  }

  void add_root(const SnapshotLine& line) {
    try {
      marking_.add_root(line.root);
    } catch (const base::Error& error) {
      const std::string account = base::escape_for_terminal(line.account);
      fail(error.code(),
           "the snapshot of {} of account {} can't be read: {}: nothing was dropped or deleted: "
           "repair the storage medium, or run `mailstow-backupd check --repair`; if that can't "
           "read it either, `--drop-unreadable {}` gives it up",
           base::format_rfc3339(line.time), account, error.what(), account);
    }
  }

  bool is_dropped(const ObjectId& snapshot) const { return drop_.contains(snapshot); }

  void mark() {
    for_each_living_line([&](const SnapshotLine& line) { add_root(line); });
    marking_.add_parts(marked_);
    for (const std::string& account : index().accounts()) {
      for (const SnapshotInfo& snapshot : index().snapshots(account)) {
        if (is_dropped(snapshot.id)) ++report_.dropped;
      }
    }
  }

  template <typename Take>
  void for_each_living_line(Take take) {
    for (const std::string& account : index().accounts()) {
      for (const SnapshotLine& line : index().lines(account)) {
        if (!is_dropped(snapshot_id(session_.context().keys, line))) take(line);
      }
    }
  }

  void choose() {
    rows_ = index().pack_rows();
    condemned_ = index().condemned_rows();
    std::set<std::int64_t> condemned_rows;
    for (const Index::CondemnedRow& condemned : condemned_) condemned_rows.insert(condemned.row);
    std::map<std::int64_t, std::uint64_t> commit_bytes;
    for (const ObjectId& id : index().commits()) {
      if (const auto place = index().find(ObjectType::kCommit, id)) {
        commit_bytes[pack_of(place->block)] += place->length;
      }
    }
    std::vector<PackUse> uses;
    uses.reserve(rows_.size());
    for (const Index::PackRow& pack : rows_) {
      uses.push_back({.size = pack.size,
                      .object_bytes = pack.object_bytes,
                      .living_bytes = marks_.bytes_in(pack.row),
                      .commit_bytes = commit_bytes[pack.row],
                      .effort = pack.effort,
                      .is_condemned = condemned_rows.contains(pack.row)});
    }
    choices_ = choose_packs(uses, options_.limits);
    keep_complete(uses);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (choices_[i].fate == PackFate::kRewrite) ++report_.rewritten;
      if (uses[i].is_condemned) continue;
      report_.packs.push_back(
          {.name = rows_[i].name, .size = rows_[i].size, .choice = choices_[i]});
      if (choices_[i].fate == PackFate::kKeep) continue;
      ++report_.condemned;
      report_.condemned_bytes += rows_[i].size;
    }
  }

  // The next backup knows a dead message in a pack that stays, and trusts that its parts exist as
  // well.
  void keep_complete(const std::vector<PackUse>& uses) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (choices_[i].fate != PackFate::kKeep || uses[i].is_condemned) continue;
      if (uses[i].object_bytes <= uses[i].living_bytes + uses[i].commit_bytes) continue;
      marking_.add_parts_of_dead(marked_, rows_[i]);
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (choices_[i].fate == PackFate::kCondemn && marks_.bytes_in(rows_[i].row) > 0) {
        choices_[i] = {.fate = PackFate::kRewrite, .reason = "a message in another pack needs it"};
      }
    }
  }

  // Packs condemned earlier: decides which files can be deleted now, and which stay condemned.
  void classify_condemned() {
    const std::uint64_t reader = oldest_reader(session_.location(), session_.files());
    for (const Index::CondemnedRow& condemned : condemned_) {
      const std::unique_ptr<base::File> file = session_.files().open(path_of(condemned));
      const bool is_over = now_ - condemned.condemned.since >= options_.grace;
      const bool is_needed = condemned.row != 0 && marks_.bytes_in(condemned.row) > 0;
      const bool is_read = reader < condemned.number;
      report_.has_older_reader = report_.has_older_reader || (file && is_over && is_read);
      if (!file || (is_over && !is_needed && !is_read)) {
        gone_.push_back(condemned);
        if (file) report_.deleted_bytes += file->size();
        if (file) ++report_.deleted;
      } else {
        waiting_.push_back(condemned.condemned);
        ++report_.waiting;
        report_.waiting_bytes += file->size();
      }
    }
  }

  base::Path path_of(const Index::CondemnedRow& condemned) {
    return packs_directory(session_.location()) / condemned.condemned.pack.hex();
  }

  // The files are durably deleted before the index, and then the next checkpoint, forget them.
  void delete_condemned() {
    std::vector<std::int64_t> rows;
    for (const Index::CondemnedRow& condemned : gone_) {
      session_.files().remove(path_of(condemned));
      if (condemned.row != 0) rows.push_back(condemned.row);
    }
    if (gone_.empty()) return;
    session_.files().sync_directory(packs_directory(session_.location()));
    index().remove(rows);
  }

  // Stream by stream, so that similar objects are stored together, and no record is durable before
  // its parts are.
  void copy_living() {
    for (const Stream stream :
         {Stream::kBinaries, Stream::kTexts, Stream::kRecords, Stream::kManifests}) {
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (choices_[i].fate == PackFate::kRewrite) copy_stream(rows_[i], stream);
      }
    }
  }

  void copy_stream(const Index::PackRow& pack, Stream stream) {
    marked_.for_each(
        pack, stream, Marked::kYes, [&](const ObjectEntry& object, const ObjectPlace& place) {
          const ObjectView view = objects_.read_at(object.type, object.id, place);
          // A message's id is made from its own bytes, not from its record's.
          if (object.type != ObjectType::kMessage &&
              object_id(session_.context().keys, object.type, view.bytes) != object.id) {
            fail(ErrorCode::kDamaged,
                 "copy object {}: it does not match its id: run mailstow-backupd check",
                 object.id.hex());
          }
          session_.add(object.type, object.id, view.bytes, object.message_size);
          session_.publish_if_full();
        });
  }

  void commit() {
    Commit checkpoint;
    checkpoint.is_checkpoint = true;
    checkpoint.condemned = waiting_;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (choices_[i].fate == PackFate::kKeep) continue;
      const bool is_waiting = std::ranges::any_of(
          waiting_, [&](const CondemnedPack& pack) { return pack.pack == rows_[i].name; });
      if (!is_waiting) checkpoint.condemned.push_back({.pack = rows_[i].name, .since = now_});
    }
    std::vector<SnapshotLine> lines;
    for_each_living_line([&](const SnapshotLine& line) { lines.push_back(line); });
    checkpoint.pins = index().pins();
    std::erase_if(checkpoint.pins, [&](const Pin& pin) { return is_dropped(pin.snapshot); });
    session_.commit(in_series(std::move(checkpoint), lines));
    report_.waiting += report_.condemned;
    report_.waiting_bytes += report_.condemned_bytes;
  }

  // The search index is plain text: messages in no snapshot must not be readable there.
  void clean_search_index() {
    const std::int64_t newest_old = rows_.empty() ? 0 : rows_.back().row;
    std::int64_t block = -1;
    std::vector<std::uint32_t> starts;
    session_.search().keep_only([&](const ObjectId& message) {
      const auto place = index().find_uncondemned(ObjectType::kMessage, message);
      if (!place) return false;
      if (pack_of(place->block) > newest_old) return true;
      if (std::exchange(block, place->block) != place->block) starts = marks_.starts_in(block);
      return std::ranges::binary_search(starts, place->start);
    });
  }

  const PruneOptions& options_;
  WriteSession session_;
  std::chrono::sys_seconds now_;
  std::set<ObjectId> drop_;
  ObjectReader objects_;
  Marks marks_;
  MarkedObjects marked_;
  Marking marking_;
  std::vector<Index::PackRow> rows_;
  std::vector<PackChoice> choices_;  // of rows_
  std::vector<Index::CondemnedRow> condemned_;
  std::vector<Index::CondemnedRow> gone_;
  std::vector<CondemnedPack> waiting_;
  PruneReport report_;
};

}  // namespace

PruneReport prune(const Location& location, base::FileSystem& files, const base::Clock& clock,
                  const PruneOptions& options) {
  try {
    return Prune(location, files, clock, options).run();
  } catch (const base::Error& error) {
    fail(error.code(), "prune: {}", error.what());
  }
}

std::uint64_t drop_snapshots(const Location& location, base::FileSystem& files,
                             const base::Clock& clock, const std::set<ObjectId>& snapshots) {
  WriteSession session(location, files, clock, Effort::kFast);
  const std::set<ObjectId> to_drop =
      without_pinned(session.index(), snapshots, clock.now_seconds());
  Commit commit;
  for (const std::string& account : session.index().accounts()) {
    for (const SnapshotInfo& snapshot : session.index().snapshots(account)) {
      if (to_drop.contains(snapshot.id)) commit.dropped.push_back(snapshot.id);
    }
  }
  const std::uint64_t count = commit.dropped.size();
  if (count > 0) session.commit({std::move(commit)});
  return count;
}

void pin_snapshot(const Location& location, base::FileSystem& files, const base::Clock& clock,
                  const ObjectId& snapshot, std::chrono::sys_seconds until) {
  WriteSession session(location, files, clock, Effort::kFast);
  if (!session.index().root_of(snapshot)) {
    fail(ErrorCode::kNotFound, "pin snapshot {}: no such snapshot", snapshot.hex());
  }
  Commit commit;
  commit.pins = {{.snapshot = snapshot, .until = until}};
  session.commit({std::move(commit)});
}

}  // namespace store
