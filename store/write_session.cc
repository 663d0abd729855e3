#include "store/write_session.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <new>
#include <set>
#include <thread>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "store/fence.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"
#include "store/format/right_version.h"
#include "store/format/uid_node.h"
#include "store/format/writer_lock.h"
#include "store/index/catch_up.h"
#include "store/index/chain_check.h"
#include "store/index/commit_log.h"
#include "store/index/commit_mark.h"
#include "store/index/host_identity.h"
#include "store/index/index_copy.h"
#include "store/index/snapshot_effects.h"
#include "store/keys/key_slot.h"
#include "store/message/split.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

// Strong compression takes 50 MB for each thread.
constexpr unsigned kMaxFastThreads = 4;
constexpr unsigned kMaxStrongThreads = 2;

// A folder that is passed twice in one run is read before a commit; what exceeds this is published
// first.
constexpr std::size_t kMaxPendingManifests = std::size_t{8} << 20;

// Groups and branches that wait for their messages to be indexed, in bytes.
constexpr std::size_t kMaxNoted = std::size_t{1} << 20;

unsigned threads_for(Effort effort) {
  return std::clamp(std::thread::hardware_concurrency(), 1U,
                    effort == Effort::kFast ? kMaxFastThreads : kMaxStrongThreads);
}

// Removes the leftovers of interrupted programs where only the holder of the store's lock writes.
void remove_temporaries(base::FileSystem& files, const base::Path& directory) {
  for (const std::string& name : files.list(directory)) {
    if (base::AtomicFile::is_temporary(name)) files.remove(directory / name);
  }
}

// The same where others write concurrently: a sweep, a check, the daemon.
void remove_old_temporaries(base::FileSystem& files, const base::Path& directory,
                            base::TimePoint now) {
  for (const std::string& name : files.list(directory)) {
    if (!base::AtomicFile::is_leftover(name)) continue;
    const auto written = files.modified(directory / name);
    if (written && now - *written > std::chrono::days(1)) files.remove(directory / name);
  }
}

// A checkpoint has all extensions, known or not; the first commit of a store gives its format.
void carry_extensions(Index& index, Commit& first, bool is_first_commit) {
  if (!first.is_checkpoint && !is_first_commit) return;
  first.extensions =
      merged(merged(index.extensions(), first.extensions), std::vector{format_extension()});
}

std::vector<Index::CommitRow> rows_of(const PackName& pack,
                                      std::span<const std::pair<ObjectId, Commit>> commits) {
  std::vector<Index::CommitRow> rows;
  rows.reserve(commits.size());
  for (const auto& [id, commit] : commits) {
    rows.push_back({.number = commit.number, .id = id, .previous = commit.previous, .pack = pack});
  }
  return rows;
}

Index open_index(const Location& location, base::FileSystem& files, const BlockContext& context,
                 Purpose purpose) {
  if (purpose != Purpose::kRepair) {
    require_newest_versions(location, files);
    fetch_index_copy(location, context, IndexUse::kWriters);
  }
  return Index::open(index_file(location), context.store);
}

}  // namespace

WriteSession::WriteSession(const Location& location, base::FileSystem& files,
                           const base::Clock& clock, Effort effort, Purpose purpose)
    : location_(location),
      files_(files),
      clock_(clock),
      context_(open_keys(location, files)),
      lock_(lock_for_writing(location, files)),
      index_(open_index(location, files, context_, purpose)),
      search_(SearchIndex::open(search_index_file(location), context_.store)),
      effort_(effort),
      pool_(context_, compression_level(effort), threads_for(effort)) {
  if (location.is_directory()) {
    for (const base::Path& directory : {packs_directory(location), commits_directory(location),
                                        owner_directory(location), keys_directory(location)}) {
      remove_temporaries(files, directory);
    }
  }
  remove_old_temporaries(files, location.index, clock.now());
  files.make_directory(readers_directory(location));  // a copy of a store may lack it
  if (!location.spool.empty()) base::make_directories(files, location.spool);
  CaughtUp caught_up = catch_up(location, files, context_, index_);
  damage_ = std::move(caught_up.damage);
  unreadable_packs_ = std::move(caught_up.unreadable);
  losing_packs_ = std::move(caught_up.losing);
  require_allowed(Forbids::kWriting);
  if (purpose != Purpose::kRepair) {
    fill_search_index(location, files, context_, index_, search_);
  }
  try {
    check_highest_commit(files, location, context_.store, index_, caught_up.recorded,
                         caught_up.forked);
  } catch (const base::Error& error) {
    if (purpose != Purpose::kRepair || error.code() != ErrorCode::kDamaged) throw;
    lost_commit_ = load_highest_commit(files, location, context_.store);
    if (caught_up.recorded.number > lost_commit_->number) lost_commit_ = caught_up.recorded;
    damage_.emplace_back(error.what());
  }
  require_right_clock(*storage_, "write to store " + storage_->display_name());
  fence_ = open_fence(*storage_, files, location, clock.now_seconds());
  owner_ =
      claim_store(*storage_, context_, identify_host(files, location, this_machine(files, clock)),
                  clock.now_seconds());
  if (!lost_commit_) {
    if (!caught_up.is_newest_recorded) record_newest();
    save_highest_commit(files, location, context_.store, index_.highest_commit());
  }
  number_after_all(caught_up);
  for (const std::string& line : damage_) base::log_warning("{}", line);
  if (!losing_packs_.empty()) {
    base::log_warning(
        "store {}: {} with commits that came after those of another host are not used, such as {}",
        storage_->display_name(), base::format_count(losing_packs_.size(), "pack"),
        losing_packs_.begin()->first.hex());
  }
  if (purpose == Purpose::kWrite) convert_older_store();
}

// Returns whether the pack can't be finished any more after a failure. The session can't continue
// then, because what is written next refers to objects in that pack.
bool WriteSession::is_lost() const {
  return is_publishing_ || (pack_ && pack_->is_torn());
}

// An error while writing leaves the pack and the index in an unknown state.
template <typename Work>
auto WriteSession::guarded(Work work) {
  if (failed_) fail(ErrorCode::kIo, "write to the store: an earlier write failed: reopen it");
  try {
    return work();
  } catch (const base::Error&) {
    failed_ = true;
    throw;
  } catch (const std::bad_alloc&) {  // perhaps because of one account's data
    failed_ = is_lost();
    if (!failed_) throw;
    fail(ErrorCode::kIo,
         "write to the store: there is not enough memory to finish a pack: everything committed "
         "before is safe: leave more memory free, and run the backup again");
  } catch (...) {
    failed_ = is_lost();
    throw;
  }
}

bool WriteSession::knows(ObjectType type, const ObjectId& id, std::string_view account) {
  if (pending_.contains(id)) {
    if (!account.empty() && pack_) pack_->note_need(id, account);
    return true;
  }
  if (!lookup_moment_) lookup_moment_.emplace(index_);
  return index_.find_uncondemned(type, id).has_value();
}

void WriteSession::add(ObjectType type, const ObjectId& id, base::ByteView bytes,
                       std::uint64_t message_size, std::string_view account) {
  guarded([&] {
    if (!pack_) {
      pack_ = std::make_unique<PackWriter>(*storage_, context_, pool_, effort_, &cache_);
    }
    bool is_new = false;
    bool is_manifest_kept = false;
    try {
      is_new = pending_.insert(id).second;
      is_manifest_kept = keep_manifest(type, id, bytes);
      pack_->add(type, id, bytes, message_size, account);
    } catch (...) {
      if (is_new) forget_pending(id, is_manifest_kept);
      if (pending_.empty()) pack_.reset();  // an empty pack is not published
      throw;
    }
    if (type == ObjectType::kMessage) feeder_.add(id, header_of(bytes));
  });
}

bool WriteSession::keep_manifest(ObjectType type, const ObjectId& id, base::ByteView bytes) {
  if (stream_of(type) != Stream::kManifests ||
      pending_manifest_bytes_ + bytes.size() > kMaxPendingManifests) {
    return false;
  }
  if (!pending_manifests_.try_emplace(id, bytes.begin(), bytes.end()).second) return false;
  pending_manifest_bytes_ += bytes.size();
  return true;
}

void WriteSession::forget_pending(const ObjectId& id, bool is_manifest_kept) {
  pending_.erase(id);
  if (!is_manifest_kept) return;
  const auto kept = pending_manifests_.find(id);
  pending_manifest_bytes_ -= kept->second.size();
  pending_manifests_.erase(kept);
}

const base::Bytes* WriteSession::unpublished(const ObjectId& id) const {
  const auto found = pending_manifests_.find(id);
  return found == pending_manifests_.end() ? nullptr : &found->second;
}

void WriteSession::make_searchable(const ObjectId& message, base::ByteView header) {
  guarded([&] { feeder_.add(message, header); });
}

ObjectId WriteSession::put(ObjectType type, base::ByteView bytes) {
  const ObjectId id = object_id(context_.keys, type, bytes);
  if (type == ObjectType::kIdentityBranch) note_branch(id, bytes);
  if (knows(type, id)) return id;
  // The object must be readable at once: published packs are read like all others.
  const bool is_kept = stream_of(type) == Stream::kManifests;
  if (is_kept && pending_manifest_bytes_ + bytes.size() > kMaxPendingManifests) publish_if_any();
  add(type, id, bytes);
  return id;
}

void WriteSession::note_group(const UidTree::Group& group) {
  if (!group.is_new) return;
  NotedGroup noted{.node = group.node, .messages = {}};
  noted.messages.reserve(group.messages.size());
  for (const auto& [uid, digest] : group.messages) {
    noted.messages.push_back({uid, message_key(message_id(context_.keys, digest).object)});
  }
  const std::size_t bytes = noted.messages.size() * sizeof(SearchIndex::KeyedMessage);
  noted_groups_.push_back(std::move(noted));
  count_noted(bytes);
}

void WriteSession::note_branch(const ObjectId& id, base::ByteView bytes) {
  if (width_of_branch(bytes) <= kGroupShift) return;
  noted_branches_.emplace_back(id, base::Bytes(bytes.begin(), bytes.end()));
  count_noted(bytes.size());
}

void WriteSession::count_noted(std::size_t bytes) {
  noted_bytes_ += bytes;
  if (noted_bytes_ >= kMaxNoted) guarded([&] { index_groups(); });
}

// Their messages were added before them.
void WriteSession::index_groups() {
  feeder_.drain();
  for (const NotedGroup& group : noted_groups_) {
    try {
      search_.add_group(group.node, group.messages);
    } catch (const std::bad_alloc&) {
      // A walk that looks for its messages reads its leaves.
    }
  }
  for (const auto& [id, bytes] : noted_branches_) search_.add_branch(id, bytes);
  noted_groups_.clear();
  noted_branches_.clear();
  noted_bytes_ = 0;
}

void WriteSession::publish(std::span<const std::pair<ObjectId, Commit>> commits) {
  guarded([&] {
    lookup_moment_.reset();
    const bool is_commit = is_publishing_;
    const Pack published = pack_->finish();
    is_publishing_ = true;
    pack_.reset();
    stored_bytes_ += published.size;
    // Before the index has the commits: it never has some that do not count.
    if (!commits.empty()) record(rows_of(published.name, commits), fence_);
    index_.add(published, commits, context_.keys,
               effort_ == Effort::kStrong ? ExistingObjects::kMove : ExistingObjects::kKeepPlace);
    index_groups();
    search_.finish(published.name);
    pending_.clear();
    pending_manifests_.clear();
    pending_manifest_bytes_ = 0;
    is_publishing_ = is_commit;
  });
}

void WriteSession::publish_if_full() {
  if (pack_ && pack_->full()) publish({});
}

void WriteSession::publish_if_any() {
  if (pack_) publish({});
}

void WriteSession::record(std::span<const Index::CommitRow> commits, Fence fence) {
  const Index::CommitRow& first = commits.front();
  CommitRecord record{.number = first.number,
                      .last = commits.back().number,
                      .commit = commits.back().id,
                      .previous = first.previous,
                      .pack = first.pack,
                      .epoch = owner_.epoch,
                      .host = owner_.host,
                      .random = {}};
  fill_random(record.random);
  const std::optional<CommitRecord> other = CommitLog(*storage_, context_).publish(record, fence);
  if (other) fail_as_overtaken(other->number, {.epoch = other->epoch, .host = other->host});
}

// A record whose name is taken by something else keeps no writer from its work.
void WriteSession::record_newest() {
  const std::vector<Index::CommitRow> newest = index_.newest_commits();
  if (newest.empty()) return;
  const std::string why = base::why_unreadable([&] { record(newest); });
  if (!why.empty() && std::ranges::find(damage_, why) == damage_.end()) damage_.push_back(why);
}

// A branch that lost a fork may be longer than the one that counts.
void WriteSession::number_after_all(const CaughtUp& caught_up) {
  const CommitMark highest = index_.highest_commit();
  for (const CommitMark& last : caught_up.forked) {
    if (last.number > highest.number) number_after({.number = last.number, .id = highest.id});
  }
}

// By a checkpoint, which appears as a whole: before it is durable, the store is as it was. It
// changes nothing that the store has, but records the format, and the sequences of snapshots whose
// commits have none. Earlier commits, which a checkpoint replaces, are needed to notice damage: a
// damaged store remains what it is until it is repaired.
void WriteSession::convert_older_store() {
  if (index_.highest_commit().number == 0 || format_of(index_.extensions()) >= kStoreFormat) return;
  if (!damage_.empty() || index_.has_lost_commits()) return;
  {
    ObjectReader objects(*storage_, context_, index_);
    if (!check_chain(index_, objects).empty()) return;
  }
  Commit checkpoint;
  checkpoint.is_checkpoint = true;
  checkpoint.pins = index_.pins();
  for (const Index::CondemnedRow& row : index_.condemned_rows()) {
    checkpoint.condemned.push_back(row.condemned);
  }
  commit(in_series(std::move(checkpoint), remaining_lines(index_, {}, context_.keys)));
  base::log_info("store {}: converted to format {}: earlier versions of mailstow no longer open it",
                 storage_->display_name(), kStoreFormat);
}

std::optional<std::uint64_t> WriteSession::copy_index_if_due() {
  if (!damage_.empty() || has_failed() || pack_) return std::nullopt;
  feeder_.drain();
  return store::copy_index_if_due(location_, files_, context_, index(), clock_.now_seconds());
}

void WriteSession::require_allowed(Forbids use) {
  store::require_allowed(index_.extensions(), use, "open store " + storage_->display_name());
}

void WriteSession::require_ownership() {
  const std::optional<StoreOwner> newer = newer_owner(*storage_, context_, owner_);
  if (newer) {
    fail(ErrorCode::kBusy,
         "delete from store {}: host {} has taken it over meanwhile: let only one host write to "
         "it, and run the command again",
         storage_->display_name(), name_of_host(*storage_, context_, *newer));
  }
  // Where names are not created once: if a host that was the owner before still records another
  // commit in the place of the newest one, that must lose, because here is deleted what it needs.
  const std::vector<Index::CommitRow> newest = index_.newest_commits();
  if (!storage_->traits().creates_once && !newest.empty()) record(newest);
}

// Where names are not created once, nothing stops a second writer: so this one looks for one first.
void WriteSession::require_to_be_alone(std::uint64_t number) {
  if (storage_->traits().creates_once) return;
  for (const CommitRecord& other : CommitLog(*storage_, context_).of(number)) {
    fail_as_overtaken(number, {.epoch = other.epoch, .host = other.host});
  }
  const std::optional<StoreOwner> newer = newer_owner(*storage_, context_, owner_);
  if (newer) fail_as_overtaken(number, *newer);
}

void WriteSession::fail_as_overtaken(std::uint64_t number, const StoreOwner& by) {
  fail(ErrorCode::kBusy,
       "write commit {} to store {}: host {} has taken it over meanwhile: what was stored here "
       "since the last commit does not count: let only one host write to it, and run the command "
       "again",
       number, storage_->display_name(), name_of_host(*storage_, context_, by));
}

std::vector<PackName> WriteSession::packs_to_name(const Commit& commit) {
  if (!commit.is_checkpoint) return index_.packs_not_listed();
  std::set<PackName> condemned;
  for (const CondemnedPack& pack : commit.condemned) condemned.insert(pack.pack);
  std::vector<PackName> packs = index_.packs();
  std::erase_if(packs, [&](const PackName& pack) { return condemned.contains(pack); });
  return packs;
}

void WriteSession::number_after(const CommitMark& commit) {
  if (commit.number > number_after_.number) number_after_ = commit;
}

void WriteSession::commit(std::vector<Commit> series) {
  guarded([&] { publish_series(std::move(series)); });
}

void WriteSession::publish_series(std::vector<Commit> series) {
  CommitMark last = index_.highest_commit();
  if (number_after_.number > last.number) last = number_after_;
  require_to_be_alone(last.number + 1);
  const auto now = clock_.now_seconds();
  carry_extensions(index_, series.front(), last.number == 0);
  if (Commit& first = series.front(); first.is_checkpoint || !first.dropped.empty()) {
    require_allowed(Forbids::kDropping);
    first.used_up = used_up_after(index_, series);
    const bool is_first_use = first.used_up != 0 && index_.used_up() == 0;
    if (is_first_use && !first.is_checkpoint) {  // a checkpoint has all lines anyway
      const std::vector<SnapshotLine> lines = remaining_lines(index_, series, context_.keys);
      if (!lines.empty()) std::ranges::move(in_series({}, lines), std::back_inserter(series));
    }
  }
  std::vector<std::pair<ObjectId, Commit>> commits;
  for (Commit& next : series) {
    next.number = last.number + 1;
    next.time = now;
    next.previous = last.id;
    if (commits.empty()) next.packs = packs_to_name(next);
    const base::Bytes bytes = next.encode();
    last = {.number = next.number, .id = object_id(context_.keys, ObjectType::kCommit, bytes)};
    is_publishing_ = true;  // a second attempt would leave two commits with one number in the pack
    add(ObjectType::kCommit, last.id, bytes);
    commits.emplace_back(last.id, std::move(next));
  }
  publish(commits);
  save_highest_commit(files_, location_, context_.store, last);
  is_publishing_ = false;
}

}  // namespace store
