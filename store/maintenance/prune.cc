#include "store/maintenance/prune.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/format/commit_chain.h"
#include "store/format/layout.h"
#include "store/index/object_reader.h"
#include "store/index/reader_lock.h"
#include "store/maintenance/leftovers.h"
#include "store/maintenance/marking.h"
#include "store/maintenance/marks.h"
#include "store/maintenance/reserve.h"
#include "store/maintenance/rewrite_choice.h"
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

constexpr std::string_view kGoesOn =
    "what was dropped stays dropped, and the next prune continues from here";

// The free room is checked each time so many bytes have been copied.
constexpr std::uint64_t kRoomCheckedEvery = std::uint64_t{4} << 20;

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
    refuse_readers();
    mark();
    choose();
    find_needed();
    if (options_.mode == PruneMode::kPlan) {
      const std::vector<std::size_t> batch = next_batch();
      replaced_.insert(batch.begin(), batch.end());
      classify_condemned();
      describe();
      return std::move(report_);
    }
    report_.leftovers = remove_leftovers(session_.location(), session_.files(), now_);
    classify_condemned();
    delete_condemned();
    drop_and_condemn();
    go_on();
    restore_reserve(session_.location(), session_.files());
    describe();
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
           base::shown_time(line.time), account, error.what(), account);
    }
  }

  bool is_dropped(const ObjectId& snapshot) const { return drop_.contains(snapshot); }

  void refuse_readers() {
    if (!options_.skip_grace) return;
    if (oldest_reader(session_.location(), session_.files()) == UINT64_MAX) return;
    fail(ErrorCode::kUsage,
         "delete without the grace period: another mailstow process is reading the store: wait "
         "until it has ended");
  }

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
    for (const Index::CondemnedRow& condemned : condemned_) {
      condemned_rows_.insert(condemned.row);
    }
    std::map<std::int64_t, std::uint64_t> commit_bytes;
    for (const ObjectId& id : index().commits()) {
      if (const auto place = index().find(ObjectType::kCommit, id)) {
        commit_bytes[pack_of(place->block)] += place->length;
      }
    }
    uses_.reserve(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Index::PackRow& pack = rows_[i];
      places_[pack.row] = i;
      uses_.push_back({.size = pack.size,
                       .object_bytes = pack.object_bytes,
                       .living_bytes = marks_.bytes_in(pack.row),
                       .commit_bytes = commit_bytes[pack.row],
                       .effort = pack.effort,
                       .is_condemned = condemned_rows_.contains(pack.row)});
    }
    choices_ = choose_packs(uses_, options_.limits);
  }

  bool is_dead(std::size_t i) const { return choices_[i].fate == PackFate::kCondemn; }

  // Every pack that this step does not condemn may be the last one that changes, and a backup that
  // finds a message stored trusts that its parts exist as well: so the dead packs that a record in
  // a remaining pack needs, living or dead, remain too, and then also those that they need.
  void find_needed() {
    needed_.clear();
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (!uses_[i].is_condemned && !replaced_.contains(i) && !is_dead(i)) kept.push_back(i);
    }
    while (!kept.empty()) {
      const std::size_t pack = kept.back();
      kept.pop_back();
      for (const std::int64_t row : needs_of_dead(pack)) {
        const auto place = places_.find(row);
        if (place == places_.end() || !needed_.insert(place->second).second) continue;
        const std::size_t needed = place->second;
        if (is_dead(needed) && !replaced_.contains(needed)) kept.push_back(needed);
      }
    }
  }

  const std::set<std::int64_t>& needs_of_dead(std::size_t pack) {
    const auto known = needs_.find(pack);
    if (known != needs_.end()) return known->second;
    return needs_.emplace(pack, marking_.packs_needed_by_dead(marked_, rows_[pack])).first->second;
  }

  // The dead packs of rows_ that nothing remaining needs.
  std::vector<std::size_t> free_packs() const {
    std::vector<std::size_t> packs;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (is_dead(i) && !replaced_.contains(i) && !needed_.contains(i)) packs.push_back(i);
    }
    return packs;
  }

  // Packs condemned earlier: decides which files can be deleted now, and which stay condemned.
  void classify_condemned() {
    gone_.clear();
    waiting_.clear();
    report_.waiting = 0;
    report_.waiting_bytes = 0;
    const std::chrono::seconds grace =
        options_.skip_grace ? std::chrono::seconds(0) : options_.grace;
    const std::uint64_t reader = oldest_reader(session_.location(), session_.files());
    for (const Index::CondemnedRow& condemned : condemned_) {
      const std::unique_ptr<base::File> file = session_.files().open(path_of(condemned));
      const bool is_over = now_ - condemned.condemned.since >= grace;
      const bool is_read = reader < condemned.number;
      report_.has_older_reader = report_.has_older_reader || (file && is_over && is_read);
      if (!file || (is_over && !is_needed(condemned) && !is_read)) {
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

  bool is_needed(const Index::CondemnedRow& condemned) const {
    const auto place = places_.find(condemned.row);
    if (place == places_.end() || replaced_.contains(place->second)) return false;
    return marks_.bytes_in(condemned.row) > 0 || needed_.contains(place->second);
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

  // The first step needs room for its commit only.
  void drop_and_condemn() {
    const std::vector<std::size_t> packs = free_packs();
    // One pack with nothing but earlier commits is not worth another commit.
    const auto has_objects = [&](std::size_t i) {
      return uses_[i].object_bytes > uses_[i].commit_bytes;
    };
    const bool is_worth_it =
        report_.dropped > 0 || packs.size() > 1 || std::ranges::any_of(packs, has_objects);
    if (!is_worth_it) return;
    commit(packs);
    const auto place = index().find(ObjectType::kCommit, index().highest_commit().id);
    if (place) first_commit_ = index().block(place->block).pack;
  }

  // The steps after the first.
  void go_on() {
    try {
      clean_search_index();
      rewrite();
    } catch (const base::Stopped&) {
      if (report_.steps == 0) throw;
      throw base::Stopped(fmt::format("prune: stopped: {}", kGoesOn));
    } catch (const base::Error& error) {
      if (error.code() != ErrorCode::kNoSpace) throw;
      report_.shortage = error.what();
      for (const std::size_t i : current_) replaced_.erase(i);
    }
    report_.written_bytes = session_.stored_bytes();
  }

  void rewrite() {
    while (true) {
      const std::vector<std::size_t> batch = next_batch();
      if (batch.empty()) return;
      current_ = batch;
      replaced_.insert(batch.begin(), batch.end());
      find_needed();
      for (const std::size_t i : free_packs()) current_.push_back(i);
      replaced_.insert(current_.begin(), current_.end());
      if (!copy_living(batch)) {
        for (const std::size_t i : current_) replaced_.erase(i);
        return;
      }
      commit(current_);
      current_.clear();
    }
  }

  std::vector<std::size_t> next_batch() {
    std::vector<RewriteCandidate> candidates;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (replaced_.contains(i)) continue;
      if (choices_[i].fate == PackFate::kRewrite) {
        candidates.push_back({.pack = i,
                              .size = rows_[i].size,
                              .new_size = choices_[i].new_size,
                              .is_spare = choices_[i].is_spare});
      } else if (is_dead(i) && needed_.contains(i)) {
        // An unknown part of it has to be copied.
        candidates.push_back({.pack = i, .size = rows_[i].size, .new_size = rows_[i].size});
      }
    }
    return choose_rewrites(std::move(candidates), room());
  }

  // The reserve is for commits: if it was given up, its room is not for copies.
  std::uint64_t room() {
    const Location& location = session_.location();
    std::uint64_t kept = location.keep_free;
    if (!session_.files().open(reserve_file(location)) && kept < UINT64_MAX - kReserveBytes) {
      kept += kReserveBytes;
    }
    const std::uint64_t free = session_.files().free_space(location.store);
    return free - std::min(free, kept);
  }

  // Stream by stream, so that similar objects are stored together, and no record is durable before
  // its parts are. Returns false if the room went meanwhile: the copies are not lost, because the
  // next prune finds what was copied dead in its old pack.
  bool copy_living(const std::vector<std::size_t>& batch) {
    std::set<std::int64_t> within;
    for (const std::size_t i : batch) within.insert(rows_[i].row);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (uses_[i].is_condemned || replaced_.contains(i)) continue;
      const std::set<std::int64_t>& needs = needs_of_dead(i);
      const auto is_within = [&](std::int64_t row) { return within.contains(row); };
      if (std::ranges::any_of(needs, is_within)) {
        marking_.add_parts_of_dead(marked_, rows_[i], within);
      }
    }
    std::vector<std::size_t> by_age = batch;
    std::ranges::sort(by_age);
    for (const Stream stream :
         {Stream::kBinaries, Stream::kTexts, Stream::kRecords, Stream::kManifests}) {
      for (const std::size_t i : by_age) {
        if (copy_stream(rows_[i], stream)) continue;
        session_.publish_if_any();
        report_.shortage = "other programs filled the store's disk meanwhile";
        return false;
      }
    }
    return true;
  }

  bool copy_stream(const Index::PackRow& pack, Stream stream) {
    bool has_room = true;
    marked_.for_each(
        pack, stream, Marked::kYes, [&](const ObjectEntry& object, const ObjectPlace& place) {
          if (!has_room) return;
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
          copied_ += object.length;
          if (copied_ < kRoomCheckedEvery) return;
          copied_ = 0;
          has_room = room() > 0;
        });
    return has_room;
  }

  // Condemns these packs of rows_, and those of earlier steps again.
  void commit(const std::vector<std::size_t>& packs) {
    Commit checkpoint;
    checkpoint.is_checkpoint = true;
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    const auto condemn = [&](const PackName& name, std::uint64_t size) {
      const bool is_waiting = std::ranges::any_of(
          waiting_, [&](const CondemnedPack& pack) { return pack.pack == name; });
      if (is_waiting) return;
      waiting_.push_back({.pack = name, .since = now_});
      ++count;
      bytes += size;
    };
    for (const std::size_t i : packs) condemn(rows_[i].name, rows_[i].size);
    if (first_commit_) {
      // The commit alone, which this one replaces.
      condemn(*first_commit_, index().size_of(*first_commit_));
      first_commit_.reset();
    }
    checkpoint.condemned = waiting_;
    std::vector<SnapshotLine> lines;
    for_each_living_line([&](const SnapshotLine& line) { lines.push_back(line); });
    checkpoint.pins = index().pins();
    std::erase_if(checkpoint.pins, [&](const Pin& pin) { return is_dropped(pin.snapshot); });
    session_.commit(in_series(std::move(checkpoint), lines));
    replaced_.insert(packs.begin(), packs.end());
    ++report_.steps;
    report_.condemned += count;
    report_.condemned_bytes += bytes;
    report_.waiting += count;
    report_.waiting_bytes += bytes;
    if (!options_.skip_grace) return;
    condemned_ = index().condemned_rows();
    classify_condemned();
    delete_condemned();
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

  // In a plan, replaced_ has what the steps would replace.
  void describe() {
    const bool is_plan = options_.mode == PruneMode::kPlan;
    if (is_plan) {
      find_needed();
      for (const std::size_t i : free_packs()) replaced_.insert(i);
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      PackChoice choice = choices_[i];
      const bool is_replaced = replaced_.contains(i);
      if (is_dead(i) && !is_replaced && needed_.contains(i)) {
        choice.reason = "a message in another pack needs it";
      }
      if (choice.fate == PackFate::kRewrite && is_replaced) ++report_.rewritten;
      if (choice.fate != PackFate::kKeep && !is_replaced) leave(i, choice);
      if (uses_[i].is_condemned) continue;
      if (is_plan && is_replaced) {
        ++report_.condemned;
        report_.condemned_bytes += rows_[i].size;
      }
      report_.packs.push_back(
          {.name = rows_[i].name, .size = rows_[i].size, .choice = std::move(choice)});
    }
  }

  void leave(std::size_t i, PackChoice& choice) {
    if (choice.fate == PackFate::kRewrite && choice.is_spare) {
      ++report_.not_recompressed;
      choice.reason += ", once room is plenty";
    } else if (choice.fate == PackFate::kRewrite || needed_.contains(i)) {
      ++report_.left;
      report_.left_bytes += rows_[i].size;
      choice.reason += ", but there is no room to rewrite it";
    } else {
      return keep_commits(choice);
    }
    choice.fate = PackFate::kKeep;
  }

  static void keep_commits(PackChoice& choice) {
    choice = {.fate = PackFate::kKeep, .reason = "it contains the last commits"};
  }

  const PruneOptions& options_;
  WriteSession session_;
  std::chrono::sys_seconds now_;
  std::set<ObjectId> drop_;
  ObjectReader objects_;
  Marks marks_;
  MarkedObjects marked_;
  Marking marking_;
  std::vector<Index::PackRow> rows_;                     // as the prune found them
  std::map<std::int64_t, std::size_t> places_;           // PackRow::row -> in rows_
  std::vector<PackUse> uses_;                            // of rows_
  std::vector<PackChoice> choices_;                      // of rows_
  std::map<std::size_t, std::set<std::int64_t>> needs_;  // of rows_; see needs_of_dead()
  std::set<std::size_t> needed_;                         // of rows_, by dead records that remain
  std::set<std::size_t> replaced_;                       // of rows_, by the steps so far
  std::vector<Index::CondemnedRow> condemned_;
  std::set<std::int64_t> condemned_rows_;  // when the prune began
  std::vector<Index::CondemnedRow> gone_;
  std::vector<CondemnedPack> waiting_;    // condemned, also by the steps so far
  std::optional<PackName> first_commit_;  // the pack with nothing but the first step's commit
  std::vector<std::size_t> current_;      // of rows_: those of the step under way
  std::uint64_t copied_ = 0;              // bytes since the room was checked
  PruneReport report_;
};

}  // namespace

PruneReport prune(const Location& location, base::FileSystem& files, const base::Clock& clock,
                  const PruneOptions& options) {
  try {
    if (options.mode == PruneMode::kCarryOut) release_reserve(location, files);
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
