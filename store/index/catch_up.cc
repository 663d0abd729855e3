#include "store/index/catch_up.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <fmt/core.h>

#include "base/error.h"
#include "store/format/commit_branches.h"
#include "store/format/layout.h"
#include "store/index/commit_log.h"
#include "store/index/forks.h"
#include "store/index/found_packs.h"
#include "store/index/pack_addition.h"
#include "store/index/pack_identities.h"
#include "store/index/read_commits.h"
#include "store/index/stored_packs.h"

namespace store {

namespace {

using base::ErrorCode;

// Objects of the packs that are kept until they are added; each takes about 56 bytes.
constexpr std::uint64_t kMaxKeptObjects = 300'000;

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
    add_found({.returned = returned_, .keeps_condemned = location_.has_own_index});
    keep_sequences();
    if (update_) update_->commit();
    return result();
  }

  Rebuilt rebuild(const std::set<PackName>& without, DisputedPacks disputed) {
    packs_.list(without);
    start_over();
    make_listed_durable();
    read_packs(unknown_);
    read_recorded_packs();
    report_unreadable();
    Addition addition{.adds_disputed = disputed == DisputedPacks::kAdd,
                      .keeps_condemned = location_.has_own_index};
    if (!addition.adds_disputed) addition.left_out = found_.disputed();
    add_found(addition);
    Rebuilt rebuilt;
    static_cast<CaughtUp&>(rebuilt) = result();
    rebuilt.disputed = addition.left_out;
    for (FoundPack& pack : found_.packs()) {
      const bool loses = found_.is_forked(pack);
      if (loses) {
        for (const auto& [id, commit] : pack.commits) rebuilt.forked_ids.insert(id);
        if (!makes_snapshots(pack.commits)) continue;
      }
      std::ranges::move(pack.commits,
                        std::back_inserter(loses ? rebuilt.losing_commits : rebuilt.commits));
    }
    return rebuilt;
  }

  RebuiltPast rebuild_past(const WantedCommit& wanted) {
    packs_.list();
    start_over();
    read_packs(unknown_);
    read_recorded_packs();
    RebuiltPast past;
    past.commit = choose_commit(found_, wanted, context_.keys, storage_->display_name());
    std::vector<FoundPack> spare = found_.leave_out_after(past.commit.number);
    read_packs(unread_and_named());
    std::ranges::move(found_.leave_out_unnamed(), std::back_inserter(spare));
    add_found({});
    past.loss = find_loss(found_, unreadable_, *storage_);
    if (past.loss.missing.empty() && past.loss.unreadable.empty()) return past;
    // Packs that came later may have the same objects, and condemned ones.
    std::ranges::move(found_.packs(), std::back_inserter(spare));
    PackAddition(*storage_, context_, found_, index_, decompressor_).add_spare(std::move(spare));
    return past;
  }

 private:
  // Packs that the listing lacks.
  std::set<PackName> unread_and_named() {
    std::set<PackName> packs;
    for (const PackName& name : found_.named().packs) {
      if (!read_.contains(name) && !is_condemned(name) && has(name)) packs.insert(name);
    }
    return packs;
  }

  // A crash may have come between the rename of a pack and its directory's sync.
  void make_listed_durable() {
    if (location_.is_directory()) files_.sync_directory(packs_directory(location_));
  }

  CaughtUp result() {
    CaughtUp caught_up;
    report_forks(caught_up.forked);
    caught_up.is_newest_recorded = is_newest_recorded();
    std::ranges::move(log_.take_damage(), std::back_inserter(damage_));
    caught_up.damage = std::move(damage_);
    for (const auto& [name, why] : unreadable_) {
      if (!is_condemned(name)) caught_up.unreadable.insert(name);
    }
    for (const FoundPack& pack : found_.losing()) {
      if (!is_condemned(pack.name)) caught_up.losing[pack.name] = describe_losing(pack);
    }
    caught_up.recorded = recorded_;
    return caught_up;
  }

  void add_found(const Addition& addition) {
    PackAddition(*storage_, context_, found_, index_, decompressor_).add(addition);
  }

  // Whether a pack that the store needs is there, if need be in an older version.
  bool has(const PackName& pack) { return packs_.has(pack) || packs_.has_needed_older(pack); }

  bool is_condemned(const PackName& pack) const { return found_.condemned().contains(pack); }

  LosingPack describe_losing(const FoundPack& pack) {
    const Commit& first = pack.commits.front().second;
    LosingPack losing{.is_predecessor_known =
                          first.number == 1 ? index_.oldest_commit() <= 1
                                            : index_.commit_id(first.number - 1) == first.previous,
                      .named = {}};
    for (const auto& [id, commit] : pack.commits) {
      losing.named.insert(commit.packs.begin(), commit.packs.end());
    }
    return losing;
  }

  void find_unknown() {
    packs_.list();
    unknown_ = packs_.present();
    indexed_ = index_.packs();
    known_ = {indexed_.begin(), indexed_.end()};
    highest_ = index_.highest_commit().number;
    for (const PackName& name : indexed_) {
      unknown_.erase(name);
      if (packs_.has(name)) continue;
      missing_.push_back(name);
      known_.erase(name);
    }
    for (const PackName& name : index_.condemned()) unknown_.erase(name);
    // Without its newest commit, the store may be in an older state: what the commit condemned or
    // dropped is there again. And a commit that does not count must not stay.
    const bool lacks_newest = has_newest({missing_.begin(), missing_.end()}) && !has_older_newest();
    if (lacks_newest || is_newest_refuted()) {
      change_at_once();
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

  bool has_older_newest() {
    const std::vector<Index::CommitRow> newest = index_.newest_commits();
    return !newest.empty() && packs_.has_older(newest.front().pack);
  }

  // Whether another commit is recorded in the place of the newest one that the index has: both were
  // published at the same time, and this process ended before it knew.
  bool is_newest_refuted() {
    const std::vector<Index::CommitRow> newest = index_.newest_commits();
    if (newest.empty() || !storage_->traits().creates_once) return false;
    const std::vector<CommitRecord> records = found_.records_of(newest.front().number);
    return !records.empty() && records.front().commit != newest.back().id;
  }

  bool is_newest_recorded() {
    const std::vector<Index::CommitRow> newest = index_.newest_commits();
    if (newest.empty() || found_.is_recorded(newest.back().id)) return true;
    found_.records_of(newest.front().number);
    return found_.is_recorded(newest.back().id);
  }

  void start_over() {
    index_.clear();
    indexed_.clear();
    returned_.clear();
    unknown_ = packs_.present();
  }

  void read_unknown_packs() {
    read_packs(unknown_);
    read_recorded_packs();
    if (!indexed_.empty() && is_outdated()) return read_all_again();
    for (const FoundPack& pack : found_.packs()) {
      if (is_in_index(pack)) returned_.insert(pack.name);
    }
  }

  void read_all_again() {
    change_at_once();
    note_sequences();
    start_over();
    read_packs(known_);
    found_.leave_out_losing(known_);
    if (found_.forked().empty() && !location_.has_own_index) return;
    std::set<PackName> condemned;  // not yet read
    std::ranges::set_difference(packs_.present(), read_, std::inserter(condemned, condemned.end()));
    if (found_.forked().empty()) {
      for (const PackName& pack : found_.given_up()) condemned.erase(pack);
    }
    read_packs(condemned);
    found_.leave_out_losing(known_);
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
    if (missing_.empty()) return;
    std::set<PackName> gone(missing_.begin(), missing_.end());
    const FoundPacks::NamedPacks named = found_.named();
    std::erase_if(gone, [&](const PackName& name) {
      if (is_rightly_gone(name, named) || !packs_.has_needed_older(name)) return false;
      std::erase(missing_, name);
      known_.insert(name);
      return true;
    });
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
      packs_.note_absent(name);  // a listing may show what was removed
    } catch (const base::Error& error) {
      if (error.code() != ErrorCode::kDamaged && error.code() != ErrorCode::kIo) throw;
      unreadable_.emplace_back(name, error.what());
    }
    return std::nullopt;
  }

  // Before the index is cleared: commits of missing packs leave it then, with their snapshots.
  void note_sequences() {
    if (missing_.empty() && !index_.has_lost_commits()) return;
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

  // A listing of the packs may lack the newest ones, which no later commit names: their commits'
  // records do.
  void read_recorded_packs() {
    while (true) {
      found_.leave_out_losing(known_);
      recorded_ = {};
      std::set<PackName> packs = found_.recorded_elsewhere();
      for (const auto& record : log_.after(found_.highest(indexed_.empty() ? 0 : highest_))) {
        found_.note_record(record);
        recorded_ = {.number = record.last, .id = record.commit};
        if (!read_.contains(record.pack) && has(record.pack)) packs.insert(record.pack);
      }
      std::erase_if(
          packs, [&](const PackName& pack) { return read_.contains(pack) || !packs_.has(pack); });
      if (packs.empty()) return;
      read_packs(packs);
    }
  }

  // Where names are not created once, two writers may both have committed.
  void report_forks(std::vector<CommitMark>& marks) {
    const std::vector<std::vector<CommitRecord>> forks = open_forks(log_, index_);
    for (const std::vector<CommitRecord>& fork : forks) {
      damage_.push_back(describe_fork(fork, *storage_));
      for (const CommitRecord& record : fork) {
        marks.push_back({.number = record.last, .id = record.commit});
      }
    }
    for (const FoundPack& pack : found_.packs()) {
      if (!found_.is_forked(pack)) continue;
      marks.push_back({.number = pack.order(), .id = pack.commits.back().first});
      if (!forks.empty()) continue;
      damage_.push_back(fmt::format(
          "pack {}: another host wrote a different commit {} at the same time: let only one write "
          "to store {}",
          pack.name.hex(), pack.order(), storage_->display_name()));
    }
  }

  // If the index has a pack that is condemned by a commit unknown to it, it has outdated places for
  // that pack's objects. And commits count in their order: a snapshot dropped by a later commit
  // must not reappear with an earlier commit that was found again, unless the index still has it.
  bool is_outdated() {
    if (may_change_a_fork()) return true;
    return std::ranges::any_of(indexed_,
                               [&](const PackName& name) { return is_condemned(name); }) ||
           std::ranges::any_of(found_.packs(),
                               [&](const FoundPack& pack) {
                                 return !pack.commits.empty() &&
                                        pack.commits.front().second.number <= highest_ &&
                                        !is_in_index(pack);
                               }) ||
           found_.has_unnumbered();
  }

  // A commit decides which branch counts, and what a checkpoint joins: all commits are needed.
  bool may_change_a_fork() {
    if (storage_->traits().creates_once) return false;
    if (!found_.forked().empty()) return true;
    bool has_checkpoint = false;
    for (const FoundPack& pack : found_.packs()) {
      if (pack.commits.empty()) continue;
      const Commit& first = pack.commits.front().second;
      const std::optional<ObjectId> before = index_.commit_id(first.number - 1);
      if (first.number > highest_ && before && *before != first.previous) return true;
      has_checkpoint = has_checkpoint || first.is_checkpoint;
    }
    return has_checkpoint && !open_forks(log_, index_).empty();
  }

  // A condemned pack is not needed; one that a repair gave up stays in its place.
  void report_unreadable() {
    for (const PackName& name : packs_.needed_older()) {
      if (!is_condemned(name)) damage_.push_back(older_pack(*storage_, name));
    }
    for (const auto& [name, why] : unreadable_) {
      if (!is_condemned(name)) damage_.push_back(why);
    }
  }

  // An index that was restored to an older state has such packs.
  bool is_rightly_gone(const PackName& name, const FoundPacks::NamedPacks& named) const {
    return is_condemned(name) || (named.checkpoint > highest_ && !named.packs.contains(name));
  }

  void report_missing() {
    if (missing_.empty()) return;
    const FoundPacks::NamedPacks named = found_.named();
    for (const PackName& name : missing_) {
      if (is_rightly_gone(name, named)) continue;
      damage_.push_back(missing_pack(*storage_, name));
    }
  }

  // Also those that the listing lacks, as far as commits that were read name them.
  void read_packs(std::set<PackName> packs) {
    while (!packs.empty()) {
      read_each(packs);
      packs.clear();
      const FoundPacks::NamedPacks named = found_.named();
      for (const PackName& name : named.packs) {
        if (packs_.present().contains(name) || is_condemned(name)) continue;
        if (has(name)) packs.insert(name);
      }
    }
  }

  void read_each(const std::set<PackName>& packs) {
    for (const PackName& name : packs) {
      read_.insert(name);
      std::string why = why_unreadable_pack(name);
      if (!why.empty() && packs_.has_needed_older(name)) why = why_unreadable_pack(name);
      if (!why.empty()) unreadable_.emplace_back(name, why);
    }
    found_.note_forks();
  }

  // Adds the pack, or returns why it can't be read.
  std::string why_unreadable_pack(const PackName& name) {
    try {
      std::optional<PackFile> file = PackFile::find(*storage_, name);
      if (!file) {  // a listing may show what was removed
        if (known_.contains(name)) missing_.push_back(name);
        return "";
      }
      Pack pack = file->read_trailer(context_, name, decompressor_);
      identities_.require_own(pack, found_, unreadable_);
      found_.add({.name = name,
                  .contents = std::nullopt,
                  .commits = read_commits(*file, pack, context_, decompressor_)});
      keep_contents(std::move(pack));
      return "";
    } catch (const base::Error& error) {
      const bool is_damaged = error.code() == ErrorCode::kDamaged || error.code() == ErrorCode::kIo;
      if (!is_damaged && (error.code() != ErrorCode::kConfig || !packs_.has_older(name))) throw;
      return error.what();
    }
  }

  // Keeps the pack that was found last until it is added.
  void keep_contents(Pack pack) {
    std::uint64_t objects = 0;
    for (const BlockEntry& block : pack.blocks) objects += block.objects.size();
    if (kept_objects_ + objects > kMaxKeptObjects) return;
    kept_objects_ += objects;
    found_.newest().contents = std::move(pack);
  }

  const Location& location_;
  base::FileSystem& files_;
  std::shared_ptr<Storage> storage_ = storage_of(location_, files_);
  const BlockContext& context_;
  Index& index_;
  Decompressor decompressor_;
  CommitLog log_{*storage_, context_};
  CommitMark recorded_;      // of a commit that is not found
  std::set<PackName> read_;  // or tried
  std::vector<PackName> indexed_;
  std::set<PackName> known_;   // of these, what is not known to be missing or unreadable
  std::uint64_t highest_ = 0;  // the highest commit that the index had
  std::vector<PackName> missing_;
  std::set<PackName> returned_;  // packs of found_ that were missing, and whose commits are known
  std::optional<Index::Update> update_;
  std::map<std::string, std::uint64_t> sequences_;  // the highest, by account
  std::vector<std::pair<PackName, std::string>> unreadable_;
  std::set<PackName> unknown_;
  FoundPacks found_{log_, storage_->traits().creates_once};
  StoredPacks packs_{*storage_};
  PackIdentities identities_{*storage_, index_};
  std::uint64_t kept_objects_ = 0;  // in packs of found_
  std::vector<std::string> damage_;
};

}  // namespace

CaughtUp catch_up(const Location& location, base::FileSystem& files, const BlockContext& context,
                  Index& index) {
  return CatchUp(location, files, context, index).run();
}

Rebuilt rebuild_index(const Location& location, base::FileSystem& files,
                      const BlockContext& context, Index& index, const std::set<PackName>& without,
                      DisputedPacks disputed) {
  return CatchUp(location, files, context, index).rebuild(without, disputed);
}

RebuiltPast rebuild_past_index(const Location& location, base::FileSystem& files,
                               const BlockContext& context, Index& index,
                               const WantedCommit& wanted) {
  return CatchUp(location, files, context, index).rebuild_past(wanted);
}

}  // namespace store
