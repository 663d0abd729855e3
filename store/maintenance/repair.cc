#include "store/maintenance/repair.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/terminal.h"
#include "store/format/commit_branches.h"
#include "store/format/commit_chain.h"
#include "store/format/layout.h"
#include "store/format/right_version.h"
#include "store/format/writer_lock.h"
#include "store/index/catch_up.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/amendment.h"
#include "store/maintenance/lost_messages.h"
#include "store/maintenance/quarantine.h"
#include "store/maintenance/record_check.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/salvage.h"
#include "store/maintenance/scratch_index.h"
#include "store/put_back.h"
#include "store/tree_record.h"
#include "store/write_session.h"

namespace store {

namespace {

// Knowledge about snapshots that only the index may still have.
struct KnownBefore {
  CommitMark highest;
  std::map<ObjectId, SnapshotLine> lines;
  std::vector<Pin> pins;
  std::uint64_t used_up = 0;
  std::vector<Extension> extensions;
};

class Repair {
 public:
  Repair(const Location& location, base::FileSystem& files, const base::Clock& clock,
         const std::function<void(const CheckProgress&)>& progress,
         const std::string& drop_unreadable)
      : location_(location),
        files_(files),
        clock_(clock),
        progress_(progress),
        drop_unreadable_(drop_unreadable),
        storage_(storage_of(location, files)),
        quarantine_(location, files) {}

  RepairReport run() {
    make_index_readable();
    put_back_changed();
    CheckOptions options;
    options.depth = CheckDepth::kReadData;
    options.progress = progress_;
    options.has_read = [this](const Sha256& pack) { good_.insert(pack); };
    const KnownBefore before = remember();
    bool is_index_wrong = false;
    {
      const ScratchIndex scratch(location_, files_, "repair");
      WriteSession session(scratch.location(), files_, clock_, Effort::kFast, Purpose::kRepair);
      session.require_allowed(Forbids::kDropping);
      const CheckReport found = check_copy(session.context(), options);
      if (!found.newer_packs.empty()) {
        base::fail(base::ErrorCode::kConfig,
                   "repair: a newer version of mailstow wrote pack {}: update mailstow",
                   found.newer_packs.begin()->hex());
      }
      describe(found, session.damage());
      find_damaged(found, session);
      repair_keys_and_trees();
      remove_damaged_records(session.storage(), session.context());
      repair_with(session, before, found);
      // They are condemned now: until here, a crash loses nothing.
      for (const PackName& pack : foreign_) quarantine_.take(blob_of(pack));
      // A checkpoint replaces these rows. Without one, the commits know all that the index does.
      is_index_wrong = found.is_index_wrong && !has_checkpoint_;
    }
    if (is_index_wrong) rebuild_index_from_packs();
    {
      WriteSession up_to_date(location_, files_, clock_, Effort::kFast);
      write_missing_records(up_to_date);
    }
    report_.quarantined = quarantine_.taken();
    options.skip = good_;
    options.has_read = {};
    report_.after = check(location_, files_, options);
    return std::move(report_);
  }

 private:
  // Rebuilds an index that can't be trusted.
  void make_index_readable() {
    const BlockContext context = open_keys(location_, files_);
    std::vector<std::string> wrong;
    try {
      wrong = Index::open_read_only(index_file(location_), context.store).integrity();
    } catch (const base::Error& error) {
      if (!base::is_unreadable(error.code())) throw;
      wrong.emplace_back(error.what());
    }
    if (wrong.empty()) return;
    report_.found = wrong;
    rebuild_index_from_packs();
  }

  void rebuild_index_from_packs() {
    const bool reads_first = reads_first_versions(location_, files_);
    reindex(location_, files_,
            {.uses_copy = false, .versions = reads_first ? Versions::kFirst : Versions::kNewest});
  }

  // What was deleted or replaced behind the store's back, before anything is treated as damaged.
  void put_back_changed() {
    const BlockContext context = open_keys(location_, files_);
    if (!storage_->keeps_versions()) return;
    const auto lock = lock_for_writing(location_, files_);
    require_right_clock(*storage_, "repair store " + storage_->display_name());
    for (const ChangedBlob& blob : changed_blobs(*storage_, context, needed_packs(context),
                                                 opened_by_key_of(location_, files_))) {
      report_.found.push_back(describe_changed(blob, *storage_));
      const std::string trouble = put_back(*storage_, blob);
      std::vector<std::string>& lines = trouble.empty() ? report_.put_back : report_.found;
      lines.push_back(trouble.empty() ? storage_->display_name(blob.name) : trouble);
    }
    // What a prune or `key remove` has deleted stays deleted; what could not be put back is read in
    // its first version where it is needed, as damage.
    choose_newest_versions(*storage_);
    note_versions(location_, files_, Versions::kNewest);
  }

  // An older index also has packs that a prune has deleted since.
  std::set<PackName> needed_packs(const BlockContext& context) {
    const ScratchIndex scratch(location_, files_, "repair-needed");
    const std::vector<PackName> packs = caught_up_copy(location_, files_, context, scratch).packs();
    return {packs.begin(), packs.end()};
  }

  // The findings of a check after the index has caught up.
  CheckReport check_copy(const BlockContext& context, const CheckOptions& options) {
    const ScratchIndex scratch(location_, files_, "repair-check");
    caught_up_copy(location_, files_, context, scratch);
    return check(scratch.location(), files_, options);
  }

  KnownBefore remember() {
    const BlockContext context = open_keys(location_, files_);
    Index index = Index::open_read_only(index_file(location_), context.store);
    KnownBefore before;
    before.highest = index.highest_commit();
    before.pins = index.pins();
    before.used_up = std::max(index.used_up(), index.highest_lost_sequence());
    before.extensions = index.extensions();
    require_allowed(before.extensions, Forbids::kDropping, "repair");
    for (const std::string& account : index.accounts()) {
      for (const SnapshotLine& line : index.lines(account)) {
        before.lines[snapshot_id(context.keys, line)] = line;
      }
    }
    return before;
  }

  void describe(const CheckReport& found, const std::vector<std::string>& damage) {
    std::vector<std::string>& lines = report_.found;
    lines.insert(lines.end(), damage.begin(), damage.end());
    lines.insert(lines.end(), found.damage.begin(), found.damage.end());
    std::ranges::sort(lines);
    const auto repeated = std::ranges::unique(lines);
    lines.erase(repeated.begin(), repeated.end());
    for (const DamagedMessage& message : found.damaged_messages) lost_.suspect(message.id);
  }

  // Damaged packs that exist, and all that earlier repairs condemned or moved aside. Listings have
  // no part in it: one may lack damaged packs, and show others that an earlier one lacked.
  void find_damaged(const CheckReport& found, WriteSession& session) {
    std::set<PackName> not_needed;
    for (const auto& [pack, losing] : session.losing_packs()) not_needed.insert(pack);
    for (const CondemnedRow& row : session.index().condemned_rows()) {
      not_needed.insert(row.condemned.pack);  // by prune, or by an earlier repair
      condemned_.push_back(row.condemned);
      const bool is_given_up = row.condemned.since == kNeverDeleted;
      if (is_given_up && is_there(row.condemned.pack)) given_up_.insert(row.condemned.pack);
    }
    std::set<PackName> damaged = found.damaged_packs;
    // A pack that not even the index knows could not be indexed.
    damaged.insert(session.unreadable_packs().begin(), session.unreadable_packs().end());
    for (const PackName& pack : damaged) {
      if (!not_needed.contains(pack) && is_there(pack)) damaged_.insert(pack);
    }
    for (const PackName& pack : damaged_) sources_.push_back(source_of(*storage_, blob_of(pack)));
    if (found.is_intact() && damaged_.empty()) return;
    for (const PackName& pack : given_up_) sources_.push_back(source_of(*storage_, blob_of(pack)));
    std::ranges::copy(quarantine_.sources(), std::back_inserter(sources_));
  }

  bool is_there(const PackName& pack) {
    bool is_blob = false;
    const std::string why =
        base::why_unreadable([&] { is_blob = storage_->size(blob_of(pack)).has_value(); });
    if (!why.empty()) foreign_.insert(pack);
    return is_blob || !why.empty();
  }

  void repair_with(WriteSession& session, const KnownBefore& before, const CheckReport& found) {
    const bool is_sound = damaged_.empty() && sources_.empty() && found.is_intact() &&
                          session.damage().empty() && !session.lost_commit();
    if (is_sound) return require_account(before.lines);
    Index& index = session.index();
    session.number_after(before.highest);
    session.number_after(index.highest_commit());
    session.number_after(session.lost_commit().value_or(CommitMark()));
    std::set<PackName> without = damaged_;
    without.insert(given_up_.begin(), given_up_.end());
    const Rebuilt rebuilt = rebuild_index(location_, files_, session.context(), index, without,
                                          DisputedPacks::kLeaveOut);
    const bool is_forked = !rebuilt.forked_ids.empty();
    if (is_forked) replace_condemned(rebuilt.disputed);
    Salvage salvage(session);
    for (const SalvageSource& source : sources_) salvage.take_parts(source);
    session.publish_if_any();
    for (const SalvageSource& source : sources_) salvage.take_messages(source);
    session.publish_if_any();
    report_.salvaged_objects = salvage.objects();
    report_.salvaged_messages = salvage.messages();

    std::vector<NamedCommit> commits = rebuilt.commits;
    std::ranges::copy_if(salvage.commits(), std::back_inserter(commits), [&](const auto& commit) {
      return !rebuilt.forked_ids.contains(commit.first);
    });
    std::map<ObjectId, SnapshotLine> living = living_lines(session, commits, before);
    if (is_forked) {
      living.merge(lines_of_losing(rebuilt.losing_commits, commits, session.context().keys));
      separate_sequences(living);
    }
    const bool knows_more =
        living.size() != living_snapshots(commits, session.context().keys).size();
    note_sequences(living, commits, before);
    give_up_unreadable(session, living);
    used_up_ = std::max(before.used_up, index.used_up());
    for (const auto& [id, commit] : commits) used_up_ = std::max(used_up_, commit.used_up);
    const std::vector<SnapshotLine> amended = amend(session, living);
    const std::vector<PackName> healthy = index.packs();
    const bool is_broken = !find_breaks(rebuilt.commits, {healthy.begin(), healthy.end()}).empty();
    keep_extensions(commits, rebuilt.losing_commits, before);
    if (damaged_.empty() && amended.empty() && !is_broken && !session.lost_commit() &&
        !knows_more && !is_forked && salvage.objects() == 0 && report_.given_up.empty()) {
      return;
    }
    write_checkpoint(session, living, amended, living_pins_of(living, commits, rebuilt, before));
    for (const PackName& pack : damaged_) {
      if (!foreign_.contains(pack)) {
        report_.condemned.push_back(storage_->display_name(blob_of(pack)));
      }
    }
  }

  // A name that was ever condemned never lives again, because a host may still remove it: what is
  // needed of such packs, by either branch of a fork, is copied before a checkpoint joins the two.
  void replace_condemned(const std::set<PackName>& disputed) {
    for (const PackName& pack : disputed) {
      if (damaged_.contains(pack) || given_up_.contains(pack)) continue;
      condemned_.push_back({.pack = pack, .since = clock_.now_seconds()});
    }
    for (const CondemnedPack& condemned : condemned_) {
      if (condemned.since == kNeverDeleted || !storage_->size(blob_of(condemned.pack))) continue;
      sources_.push_back(source_of(*storage_, blob_of(condemned.pack)));
    }
  }

  // According to the commits; if commits are lost, according to the earlier index.
  std::map<ObjectId, SnapshotLine> living_lines(WriteSession& session,
                                                const std::vector<NamedCommit>& commits,
                                                const KnownBefore& before) const {
    std::map<ObjectId, SnapshotLine> living = living_snapshots(commits, session.context().keys);
    std::uint64_t highest = 0;
    for (const auto& [id, commit] : commits) highest = std::max(highest, commit.number);
    for (auto& [id, line] : living) {
      const auto known = before.lines.find(id);
      if (line.sequence == 0 && known != before.lines.end()) line.sequence = known->second.sequence;
    }
    const auto places = line_places(commits, session.context().keys);
    number_lines(living, places);
    if (before.highest.number < highest || before.lines.empty()) return living;
    std::map<ObjectId, SnapshotLine> lines = before.lines;
    for (auto& [id, line] : lines) {
      const auto current = living.find(id);
      if (current != living.end()) line = current->second;
    }
    number_lines(lines, places);
    return lines;
  }

  // Those of the commits and of the earlier index: one too many, because its end is lost, forbids
  // too much, and loses nothing.
  void keep_extensions(const std::vector<NamedCommit>& commits,
                       const std::vector<NamedCommit>& losing, const KnownBefore& before) {
    const bool is_newest_lost = std::ranges::all_of(commits, [&](const NamedCommit& commit) {
      return commit.second.number < before.highest.number;
    });
    const std::vector<Extension> living = living_extensions(commits);
    extensions_ =
        is_newest_lost ? merged(living, before.extensions) : merged(before.extensions, living);
    extensions_ = merged(living_extensions(losing), extensions_);
  }

  // Before anything is given up: its sequence must not be used for another snapshot.
  void note_sequences(const std::map<ObjectId, SnapshotLine>& living,
                      const std::vector<NamedCommit>& commits, const KnownBefore& before) {
    const auto note = [this](const SnapshotLine& line) {
      std::uint64_t& highest = highest_[line.account];
      highest = std::max(highest, line.sequence);
    };
    for (const auto& [id, line] : living) note(line);
    for (const auto& [id, line] : before.lines) note(line);
    for (const auto& [id, commit] : commits) std::ranges::for_each(commit.snapshots, note);
  }

  // Otherwise a misspelt name would look like an account whose snapshots can be read.
  void require_account(const std::map<ObjectId, SnapshotLine>& lines) const {
    if (drop_unreadable_.empty()) return;
    const bool has_any = std::ranges::any_of(
        lines, [&](const auto& entry) { return entry.second.account == drop_unreadable_; });
    if (has_any) return;
    base::fail(base::ErrorCode::kNotFound, "repair: account \"{}\" has no snapshot",
               base::escape_for_terminal(drop_unreadable_));
  }

  // Replaces the account's snapshots that can't be read whole by what is left of them.
  void give_up_unreadable(WriteSession& session, std::map<ObjectId, SnapshotLine>& living) {
    if (drop_unreadable_.empty()) return;
    require_account(living);
    ObjectReader objects(session.storage(), session.context(), session.index());
    Amendment amendment(session, objects, [&](const MessageId& message) {
      return lost_.contains(session, objects, message);
    });
    std::vector<SnapshotLine> lines;
    for (const auto& [id, line] : living) {
      if (line.account == drop_unreadable_) lines.push_back(line);
    }
    std::ranges::sort(lines, {}, &SnapshotLine::sequence);
    for (const SnapshotLine& line : lines) {
      const std::optional<SnapshotLine> rest = amendment.amend({line});
      if (!rest && amendment.has_root(line)) continue;  // it is whole
      UnreadableSnapshot& given_up =
          report_.given_up.emplace_back(UnreadableSnapshot{.account = line.account,
                                                           .time = line.time,
                                                           .folders = line.folders,
                                                           .messages = line.messages,
                                                           .bytes = line.bytes,
                                                           .rest = std::nullopt});
      const ObjectId id = snapshot_id(session.context().keys, line);
      living.erase(id);
      if (!rest) continue;
      given_up.rest = {.folders = rest->folders, .messages = rest->messages};
      const ObjectId rest_id = snapshot_id(session.context().keys, *rest);
      living[rest_id] = *rest;
      rests_[id] = rest_id;
    }
    session.publish_if_any();  // amend() reads the new roots
  }

  // Where a commit is lost, the earlier index may know pins that the others lack, or later ends: a
  // pin too many, or too long, loses nothing. The rest of a snapshot gets its pin.
  std::vector<Pin> living_pins_of(const std::map<ObjectId, SnapshotLine>& living,
                                  const std::vector<NamedCommit>& commits, const Rebuilt& rebuilt,
                                  const KnownBefore& before) const {
    std::map<ObjectId, std::chrono::sys_seconds> ends = living_pins(commits);
    add_pins_of_losing(rebuilt.losing_commits, ends);
    for (const Pin& pin : before.pins) {
      std::chrono::sys_seconds& end = ends[pin.snapshot];
      end = std::max(end, pin.until);
    }
    std::vector<Pin> pins;
    for (const auto& [snapshot, until] : ends) {
      const auto rest = rests_.find(snapshot);
      const ObjectId& pinned = rest == rests_.end() ? snapshot : rest->second;
      if (living.contains(pinned)) pins.push_back({.snapshot = pinned, .until = until});
    }
    return pins;
  }

  std::vector<SnapshotLine> amend(WriteSession& session,
                                  const std::map<ObjectId, SnapshotLine>& living) {
    ObjectReader objects(session.storage(), session.context(), session.index());
    const auto is_damaged = [&](const MessageId& message) {
      return lost_.contains(session, objects, message);
    };
    std::map<std::string, std::vector<SnapshotLine>> backups;
    for (const auto& [id, line] : living) {
      if (line.kind == SnapshotKind::kBackup) backups[line.account].push_back(line);
    }
    Amendment amendment(session, objects, is_damaged);
    std::vector<SnapshotLine> lines;
    for (auto& [account, newest_first] : backups) {
      std::ranges::sort(newest_first, std::greater<>(), &SnapshotLine::sequence);
      std::optional<SnapshotLine> amended = amendment.amend(newest_first);
      if (!amended) continue;
      amended->sequence = std::max(highest_[account], used_up_) + 1;
      lines.push_back(*amended);
      report_.amended_accounts.push_back(account);
    }
    report_.messages_to_fetch = amendment.messages();
    return lines;
  }

  // From here on the damaged packs are no longer read, and what was lost with them is no longer
  // reported missing.
  void write_checkpoint(WriteSession& session, const std::map<ObjectId, SnapshotLine>& living,
                        const std::vector<SnapshotLine>& amended, std::vector<Pin> pins) {
    Commit checkpoint;
    checkpoint.is_checkpoint = true;
    std::vector<SnapshotLine> lines;
    lines.reserve(living.size() + amended.size());
    for (const auto& [id, line] : living) lines.push_back(line);
    lines.insert(lines.end(), amended.begin(), amended.end());
    checkpoint.condemned = condemned_;
    checkpoint.pins = std::move(pins);
    checkpoint.used_up = used_up_by(lines);
    checkpoint.extensions = extensions_;
    for (const PackName& pack : damaged_) {
      checkpoint.condemned.push_back({.pack = pack, .since = kNeverDeleted});
    }
    session.commit(in_series(std::move(checkpoint), lines));
    has_checkpoint_ = true;
  }

  // Commit::used_up, if these are all lines: an account without its newest snapshot doesn't use
  // that sequence again. The index may not know it, because the commit is lost.
  std::uint64_t used_up_by(const std::vector<SnapshotLine>& lines) const {
    std::map<std::string_view, std::uint64_t> left;
    for (const SnapshotLine& line : lines) {
      std::uint64_t& highest = left[line.account];
      highest = std::max(highest, line.sequence);
    }
    std::uint64_t used_up = used_up_;
    for (const auto& [account, highest] : highest_) {
      if (left[account] < highest) used_up = std::max(used_up, highest);
    }
    return used_up;
  }

  // Every key slot is stored twice: the intact copy replaces the damaged one. If a tree record
  // can't be read, mailstow no longer treats its tree as its own, which is so with or without a
  // repair.
  void repair_keys_and_trees() {
    const BlockContext context = open_keys(location_, files_);
    const SlotListing listing = read_slots(*storage_, &context.store);
    for (const std::string& key : listing.damaged_files) quarantine_.take({kKeysArea, key});
    if (!listing.damaged.empty()) {
      for (const KeySlot& slot : listing.slots) write_slot(*storage_, slot);
    }
    const TreeRecords::Listing trees = TreeRecords::open(location_, files_).list();
    for (const std::string& key : trees.damaged_files) quarantine_.take({kTreesArea, key});
  }

  using CondemnedRow = Index::CondemnedRow;

  const Location& location_;
  base::FileSystem& files_;
  const base::Clock& clock_;
  const std::function<void(const CheckProgress&)>& progress_;
  const std::string& drop_unreadable_;
  std::shared_ptr<Storage> storage_;
  Quarantine quarantine_;
  RepairReport report_;
  LostMessages lost_;
  std::map<ObjectId, ObjectId> rests_;  // of snapshots that were given up
  std::set<Sha256> good_;
  std::set<PackName> damaged_;
  std::set<PackName> foreign_;   // what has the name is not a blob
  std::set<PackName> given_up_;  // by earlier repairs
  std::vector<CondemnedPack> condemned_;
  std::vector<SalvageSource> sources_;
  std::map<std::string, std::uint64_t> highest_;  // the sequences that accounts have used
  std::uint64_t used_up_ = 0;
  std::vector<Extension> extensions_;
  bool has_checkpoint_ = false;  // has been written
};

}  // namespace

RepairReport repair(const Location& location, base::FileSystem& files, const base::Clock& clock,
                    const std::function<void(const CheckProgress&)>& progress,
                    const std::string& drop_unreadable) {
  return Repair(location, files, clock, progress, drop_unreadable).run();
}

}  // namespace store
