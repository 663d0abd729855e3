#include "store/index/catch_up.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "store/format/layout.h"
#include "store/index/commit_log.h"
#include "store/index/read_commits.h"

namespace store {

namespace {

using base::ErrorCode;

// Objects of the packs that are kept until they are added; each takes about 56 bytes.
constexpr std::uint64_t kMaxKeptObjects = 300'000;

std::set<PackName> packs_in(Storage& storage) {
  std::set<PackName> packs;
  for (const std::string& key : storage.list(kPacksArea)) {
    if (const std::optional<PackName> pack = pack_name(key)) packs.insert(*pack);
  }
  return packs;
}

class CatchUp {
 public:
  CatchUp(const Location& location, base::FileSystem& files, const BlockContext& context,
          Index& index)
      : location_(location), files_(files), context_(context), index_(index) {}

  CaughtUp run() {
    find_unknown();
    if (!unknown_.empty()) make_listed_durable();
    read_unknown_packs();
    forget_missing();
    report_unreadable();
    report_missing();
    add_found();
    keep_sequences();
    if (update_) update_->commit();
    return result();
  }

  Rebuilt rebuild(const std::set<PackName>& without) {
    present_ = packs_in(*storage_);
    for (const PackName& name : without) present_.erase(name);
    absent_ = without;
    start_over();
    make_listed_durable();
    read_packs(unknown_);
    read_recorded_packs();
    report_unreadable();
    add_found();
    Rebuilt rebuilt{result(), {}};
    for (FoundPack& pack : found_) {
      std::ranges::move(pack.commits, std::back_inserter(rebuilt.commits));
    }
    return rebuilt;
  }

 private:
  struct FoundPack {
    PackName name;
    std::optional<Pack> contents;  // as far as memory allows
    std::vector<std::pair<ObjectId, Commit>> commits;

    // Packs without commits first: a commit that refers to them must find them.
    std::uint64_t order() const { return commits.empty() ? 0 : commits.back().second.number; }

    // Whether the record is about these commits.
    bool is_in(const CommitRecord& record) const { return commits.back().first == record.commit; }
  };

  // A crash may have come between the rename of a pack and its directory's sync.
  void make_listed_durable() {
    if (location_.is_directory()) files_.sync_directory(packs_directory(location_));
  }

  CaughtUp result() {
    CaughtUp caught_up;
    report_forks();
    caught_up.is_newest_recorded = is_newest_recorded();
    std::ranges::move(log_.take_damage(), std::back_inserter(damage_));
    caught_up.damage = std::move(damage_);
    caught_up.losing = std::move(losing_);
    caught_up.recorded = recorded_;
    return caught_up;
  }

  void add_found() {
    std::ranges::sort(found_, {}, &FoundPack::order);
    for (FoundPack& pack : found_) {
      if (condemned_.contains(pack.name)) continue;
      if (!pack.contents) {
        pack.contents = open(pack.name).read_trailer(context_, pack.name, decompressor_);
      }
      if (returned_.contains(pack.name)) {
        index_.add_again(*pack.contents, pack.commits);
      } else {
        index_.add(*pack.contents, pack.commits, context_.keys);
      }
      pack.contents.reset();
    }
    index_.number_snapshots();
  }

  PackFile open(const PackName& name) { return PackFile::open(*storage_, name); }

  void find_unknown() {
    present_ = packs_in(*storage_);
    unknown_ = present_;
    indexed_ = index_.packs();
    known_ = {indexed_.begin(), indexed_.end()};
    highest_ = index_.highest_commit().number;
    for (const PackName& name : indexed_) {
      unknown_.erase(name);
      if (is_present(name)) continue;
      missing_.push_back(name);
      known_.erase(name);
    }
    for (const PackName& name : index_.condemned()) unknown_.erase(name);
    // Without its newest commit, the store may be in an older state: what the commit condemned or
    // dropped is there again. And a commit that does not count must not stay.
    if (has_newest({missing_.begin(), missing_.end()}) || is_newest_refuted()) {
      note_sequences();
      start_over();
    }
  }

  // Whether the pack of the newest commit is one of them.
  bool has_newest(const std::set<PackName>& packs) {
    const std::vector<Index::CommitRow> newest = index_.newest_commits();
    return newest.empty() ? index_.highest_commit().number > 0
                          : packs.contains(newest.front().pack);
  }

  // Whether another commit is recorded in the place of the newest one that the index has: both were
  // published at the same time, and this process ended before it knew.
  bool is_newest_refuted() {
    const std::vector<Index::CommitRow> newest = index_.newest_commits();
    if (newest.empty() || !storage_->traits().creates_once) return false;
    const std::vector<CommitRecord> records = records_of(newest.front().number);
    return !records.empty() && records.front().commit != newest.back().id;
  }

  bool is_newest_recorded() {
    const std::vector<Index::CommitRow> newest = index_.newest_commits();
    if (newest.empty() || has_rivals_ || with_record_.contains(newest.back().id)) return true;
    records_of(newest.front().number);
    return with_record_.contains(newest.back().id);
  }

  std::vector<CommitRecord> records_of(std::uint64_t number) {
    std::vector<CommitRecord> records = log_.of(number);
    for (const CommitRecord& record : records) with_record_.insert(record.commit);
    return records;
  }

  // A listing may lack a pack that is there, so it is looked for by its name.
  bool is_present(const PackName& name) {
    if (present_.contains(name)) return true;
    if (absent_.contains(name)) return false;
    bool is_there = true;  // also if something else has its name: reading it reports that
    base::why_unreadable([&] { is_there = storage_->size(blob_of(name)).has_value(); });
    (is_there ? present_ : absent_).insert(name);
    return is_there;
  }

  void start_over() {
    index_.clear();
    indexed_.clear();
    returned_.clear();
    unknown_ = present_;
  }

  void read_unknown_packs() {
    read_packs(unknown_);
    read_recorded_packs();
    if (!indexed_.empty() && is_outdated()) return read_all_again();
    for (const FoundPack& pack : found_) {
      if (is_in_index(pack)) returned_.insert(pack.name);
    }
  }

  void read_all_again() {
    note_sequences();
    start_over();
    read_packs(known_);
    leave_out_losing();
  }

  // Whether the index has the commits, which it keeps while their pack is missing.
  bool is_in_index(const FoundPack& pack) const {
    return !pack.commits.empty() && std::ranges::all_of(pack.commits, [&](const auto& commit) {
      return index_.commit_id(commit.second.number) == commit.first;
    });
  }

  // Until the end of run(), readers see no change, and a crash leaves the index as it was.
  void change_at_once() {
    if (!update_) update_.emplace(index_);
  }

  // Objects of a missing pack must not count as stored, but another pack may have them too. What
  // its commits say stays: so an account's newest snapshot is not forgotten.
  void forget_missing() {
    std::set<PackName> gone(missing_.begin(), missing_.end());
    while (!gone.empty() && !indexed_.empty()) {
      if (has_newest(gone)) return read_all_again();
      change_at_once();
      index_.forget(gone);
      std::erase_if(indexed_, [&](const PackName& name) { return gone.contains(name); });
      gone = find_objects_again();
    }
  }

  // Looks for objects without a place. Returns the packs in which it can't.
  std::set<PackName> find_objects_again() {
    std::set<PackName> gone;
    for (const PackName& name : indexed_) {
      if (const std::optional<Pack> pack = read_again(name)) {
        index_.add_places(*pack);
      } else {
        known_.erase(name);
        gone.insert(name);
      }
    }
    return gone;
  }

  // Nullopt: it is noted as missing or unreadable.
  std::optional<Pack> read_again(const PackName& name) {
    try {
      std::optional<PackFile> file = PackFile::find(*storage_, name);
      if (file) return file->read_trailer(context_, name, decompressor_);
      missing_.push_back(name);
      present_.erase(name);  // a listing may show what was removed
      absent_.insert(name);
    } catch (const base::Error& error) {
      if (error.code() != ErrorCode::kDamaged && error.code() != ErrorCode::kIo) throw;
      unreadable_.emplace_back(name, error.what());
    }
    return std::nullopt;
  }

  // Before the index is cleared: commits of missing packs leave it then, with their snapshots.
  void note_sequences() {
    if (missing_.empty() && !index_.has_lost_commits()) return;
    change_at_once();
    for (const std::string& account : index_.accounts()) {
      std::uint64_t& highest = sequences_[account];
      highest = std::max(highest, index_.highest_sequence(account));
    }
  }

  // The packs may be put back: a sequence that was used must not be used for another snapshot.
  void keep_sequences() {
    for (const auto& [account, highest] : sequences_) {
      if (index_.next_sequence(account) <= highest) index_.note_lost_sequence(highest);
    }
  }

  std::uint64_t highest_found() const {
    std::uint64_t highest = indexed_.empty() ? 0 : highest_;
    for (const FoundPack& pack : found_) highest = std::max(highest, pack.order());
    return highest;
  }

  // A listing of the packs may lack the newest ones, which no later commit names: their commits'
  // records do.
  void read_recorded_packs() {
    while (true) {
      leave_out_losing();
      recorded_ = {};
      std::set<PackName> packs;
      const std::uint64_t highest = highest_found();
      for (const CommitRecord& record : log_.after(highest)) {
        with_record_.insert(record.commit);
        recorded_ = {.number = record.last, .id = record.commit};
        if (!read_.contains(record.pack) && is_present(record.pack)) packs.insert(record.pack);
      }
      if (packs.empty()) return;
      read_packs(packs);
    }
  }

  // Nothing that such a commit condemns is condemned.
  void leave_out_losing() {
    if (!storage_->traits().creates_once) return;
    while (const std::optional<PackName> losing = find_losing()) {
      losing_.insert(*losing);
      std::erase_if(found_, [&](const FoundPack& pack) { return pack.name == *losing; });
      condemned_.clear();
      for (const FoundPack& pack : found_) note_condemned(pack);
    }
  }

  // A commit that no other one follows counts only if the record of its number, if there is one, is
  // about it.
  std::optional<PackName> find_losing() {
    std::set<ObjectId> followed;
    for (const FoundPack& pack : found_) {
      for (const auto& [id, commit] : pack.commits) followed.insert(commit.previous);
    }
    std::map<std::uint64_t, const FoundPack*> unrecorded;
    for (const FoundPack& pack : found_) {
      if (pack.commits.empty() || followed.contains(pack.commits.back().first)) continue;
      const std::uint64_t number = pack.commits.front().second.number;
      const std::vector<CommitRecord> records = records_of(number);
      if (!records.empty() && !pack.is_in(records.front())) return pack.name;
      if (!records.empty()) continue;
      const auto [rival, is_first] = unrecorded.emplace(number, &pack);
      if (is_first || rival->second->commits.back().first == pack.commits.back().first) continue;
      // Without a record, none of them was acknowledged; but earlier versions wrote no records.
      if (!log_.is_empty()) return std::max(rival->second->name, pack.name);
      has_rivals_ = true;
    }
    return std::nullopt;
  }

  void note_condemned(const FoundPack& found) {
    for (const auto& [id, commit] : found.commits) {
      for (const CondemnedPack& pack : commit.condemned) condemned_.insert(pack.pack);
    }
  }

  // Where names are not created once, two writers may both have committed.
  void report_forks() {
    for (const std::vector<CommitRecord>& fork : log_.forks(index_.oldest_commit())) {
      damage_.push_back(fmt::format(
          "commit {}: {} different ones have this number, in the packs {} and {}: several hosts "
          "wrote to store {} at the same time: let only one write to it",
          fork.front().number, fork.size(), fork[0].pack.hex(), fork[1].pack.hex(),
          storage_->display_name()));
    }
  }

  // If the index has a pack that is condemned by a commit unknown to it, it has outdated places for
  // that pack's objects. And commits count in their order: a snapshot dropped by a later commit
  // must not reappear with an earlier commit that was found again, unless the index still has it.
  bool is_outdated() const {
    return std::ranges::any_of(indexed_,
                               [&](const PackName& name) { return condemned_.contains(name); }) ||
           std::ranges::any_of(found_,
                               [&](const FoundPack& pack) {
                                 return !pack.commits.empty() &&
                                        pack.commits.front().second.number <= highest_ &&
                                        !is_in_index(pack);
                               }) ||
           std::ranges::any_of(found_, has_unnumbered);
  }

  // Snapshots without a sequence are numbered by comparing all of them.
  static bool has_unnumbered(const FoundPack& pack) {
    return std::ranges::any_of(pack.commits, [](const auto& commit) {
      return std::ranges::any_of(commit.second.snapshots,
                                 [](const SnapshotLine& line) { return line.sequence == 0; });
    });
  }

  // A condemned pack is not needed; one that a repair gave up stays in its place.
  void report_unreadable() {
    for (const auto& [name, why] : unreadable_) {
      if (!condemned_.contains(name)) damage_.push_back(why);
    }
  }

  // An index that was restored to an older state has packs that are rightly gone.
  void report_missing() {
    if (missing_.empty()) return;
    const NamedPacks named = named_packs();
    for (const PackName& name : missing_) {
      const bool is_dropped = named.checkpoint > highest_ && !named.packs.contains(name);
      if (condemned_.contains(name) || is_dropped) continue;
      damage_.push_back(missing_pack(*storage_, name));
    }
  }

  // The packs that the commits found so far require: from the last checkpoint on.
  struct NamedPacks {
    std::uint64_t checkpoint = 0;  // its number
    std::set<PackName> packs;
  };
  NamedPacks named_packs() const {
    NamedPacks named;
    std::map<std::uint64_t, const Commit*> commits;
    for (const FoundPack& pack : found_) {
      for (const auto& [id, commit] : pack.commits) {
        commits[commit.number] = &commit;
        if (commit.is_checkpoint) named.checkpoint = std::max(named.checkpoint, commit.number);
      }
    }
    for (auto commit = commits.lower_bound(named.checkpoint); commit != commits.end(); ++commit) {
      named.packs.insert(commit->second->packs.begin(), commit->second->packs.end());
    }
    return named;
  }

  // Also those that the listing lacks, as far as commits that were read name them.
  void read_packs(std::set<PackName> packs) {
    while (!packs.empty()) {
      read_each(packs);
      packs.clear();
      for (const PackName& name : named_packs().packs) {
        if (present_.contains(name) || condemned_.contains(name) || !is_present(name)) continue;
        packs.insert(name);
      }
    }
  }

  void read_each(const std::set<PackName>& packs) {
    for (const PackName& name : packs) {
      read_.insert(name);
      try {
        std::optional<PackFile> file = PackFile::find(*storage_, name);
        if (!file) {  // a listing may show what was removed
          if (known_.contains(name)) missing_.push_back(name);
          continue;
        }
        Pack pack = file->read_trailer(context_, name, decompressor_);
        found_.push_back({.name = name,
                          .contents = std::nullopt,
                          .commits = read_commits(*file, pack, context_, decompressor_)});
        keep_contents(std::move(pack));
      } catch (const base::Error& error) {
        if (error.code() != ErrorCode::kDamaged && error.code() != ErrorCode::kIo) throw;
        unreadable_.emplace_back(name, error.what());
        continue;
      }
      note_condemned(found_.back());
    }
  }

  // Keeps the pack that was found last until it is added.
  void keep_contents(Pack pack) {
    std::uint64_t objects = 0;
    for (const BlockEntry& block : pack.blocks) objects += block.objects.size();
    if (kept_objects_ + objects > kMaxKeptObjects) return;
    kept_objects_ += objects;
    found_.back().contents = std::move(pack);
  }

  const Location& location_;
  base::FileSystem& files_;
  std::shared_ptr<Storage> storage_ = storage_of(location_, files_);
  const BlockContext& context_;
  Index& index_;
  Decompressor decompressor_;
  CommitLog log_{*storage_, context_};
  CommitMark recorded_;  // of a commit that is not found
  std::set<ObjectId> with_record_;
  bool has_rivals_ = false;    // none of which may be recorded
  std::set<PackName> losing_;  // with commits that do not count
  std::set<PackName> read_;    // or tried
  std::set<PackName> present_;
  std::set<PackName> absent_;  // looked for by name, or to be left out
  std::vector<PackName> indexed_;
  std::set<PackName> known_;   // of these, what is not known to be missing or unreadable
  std::uint64_t highest_ = 0;  // the highest commit that the index had
  std::vector<PackName> missing_;
  std::set<PackName> returned_;  // packs of found_ that were missing, and whose commits are known
  std::optional<Index::Update> update_;
  std::map<std::string, std::uint64_t> sequences_;  // the highest, by account
  std::vector<std::pair<PackName, std::string>> unreadable_;
  std::set<PackName> unknown_;
  std::vector<FoundPack> found_;
  std::uint64_t kept_objects_ = 0;  // in packs of found_
  std::set<PackName> condemned_;
  std::vector<std::string> damage_;
};

}  // namespace

CaughtUp catch_up(const Location& location, base::FileSystem& files, const BlockContext& context,
                  Index& index) {
  return CatchUp(location, files, context, index).run();
}

Rebuilt rebuild_index(const Location& location, base::FileSystem& files,
                      const BlockContext& context, Index& index,
                      const std::set<PackName>& without) {
  return CatchUp(location, files, context, index).rebuild(without);
}

}  // namespace store
