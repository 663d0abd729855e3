#include "store/maintenance/prune.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "store/format/layout.h"
#include "store/index/chain_check.h"
#include "store/index/freed_memory.h"
#include "store/index/object_reader.h"
#include "store/index/reader_lock.h"
#include "store/maintenance/condemned_packs.h"
#include "store/maintenance/leftovers.h"
#include "store/maintenance/living_snapshots.h"
#include "store/maintenance/marking.h"
#include "store/maintenance/marks.h"
#include "store/maintenance/past_index.h"
#include "store/maintenance/prune_packs.h"
#include "store/maintenance/regrouping.h"
#include "store/maintenance/reserve.h"
#include "store/maintenance/rewrite_choice.h"
#include "store/search_index/search_index.h"
#include "store/write_session.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kGoesOn =
    "what was dropped stays dropped, and the next prune continues from here";

// The free room is checked each time this many bytes have been copied.
constexpr std::uint64_t kRoomCheckedEvery = std::uint64_t{4} << 20;

// Copies that use the reserve's room end when no more than this is left of it.
constexpr std::uint64_t kLeftForCommit = std::uint64_t{512} << 10;
// Before compression.
constexpr std::uint64_t kMaxUnknownInReserve = std::uint64_t{256} << 10;

// A store in a bucket needs room on this machine for a pack that is built while the one before it
// is uploaded, and for the index as it grows.
constexpr std::uint64_t kRoomForUploads = std::uint64_t{512} << 20;
constexpr std::uint64_t kRoomOfBuckets = std::uint64_t{1} << 60;

// Blocks are read in the order of their places.
constexpr std::uint64_t kCachedForCopying = std::uint64_t{24} << 20;

// Where names are not created once, a prune may not see another host's work for a while.
constexpr std::chrono::hours kMinSharedGrace{24};

std::chrono::seconds grace_for(const StorageTraits& traits, const PruneOptions& options) {
  return traits.creates_once ? options.grace
                             : std::max<std::chrono::seconds>(options.grace, kMinSharedGrace);
}

ReserveUse use_before(const PruneOptions& options) {
  if (options.mode == PruneMode::kPlan) return ReserveUse::kPlanned;
  return options.is_reserve_given_up ? ReserveUse::kGivenUp : ReserveUse::kNotYet;
}

class Prune {
 public:
  Prune(const Location& location, base::FileSystem& files, const base::Clock& clock,
        const PruneOptions& options)
      : options_(options),
        session_(location, files, clock, Effort::kStrong, Purpose::kPrune),
        now_(clock.now_seconds()),
        snapshots_(session_, without_pinned(session_.index(), options.drop, now_)),
        objects_(session_.storage(), session_.context(), session_.index(), kCachedForCopying),
        marks_(location.index),
        marked_(session_.storage(), session_.context(), marks_),
        marking_(session_.index(), objects_, session_.context().keys, marks_),
        packs_(session_, marks_, marked_, marking_),
        condemned_(session_, options.skip_grace ? std::chrono::seconds(0) : grace_of(), now_,
                   options.is_now_confirmed, report_) {
    report_.grace = grace_of();
    // The manifests of all snapshots pass through here: those that backups need would not stay.
    objects_.use_cache(session_.cache(), CacheUse::kFind);
  }

  // Changes nothing.
  void prepare() {
    session_.require_allowed(Forbids::kDropping);
    refuse_damaged_store();
    refuse_to_skip_grace();
    mark();
    find_rubbish();
    packs_.choose(options_.limits, named_by_losing_);
    commit_bytes_ = packs_.commit_bytes();
    condemned_.load();
    packs_.find_needed();
  }

  void note_given_up_reserve() { reserve_use_ = ReserveUse::kGivenUp; }

  // The caller restores the reserve.
  PruneReport run() {
    if (options_.mode == PruneMode::kPlan) {
      packs_.replace(next_batch());
      classify_condemned();
      packs_.describe(report_, options_.mode);
      return std::move(report_);
    }
    if (release_reserve(session_.location(), session_.files())) note_given_up_reserve();
    carry_out();
    packs_.describe(report_, options_.mode);
    return std::move(report_);
  }

 private:
  Index& index() { return session_.index(); }

  std::chrono::seconds grace_of() { return grace_for(session_.storage().traits(), options_); }

  void carry_out() {
    report_.leftovers = remove_leftovers(session_.location(), session_.files(), now_);
    classify_condemned();
    condemned_.delete_expired();
    drop_and_condemn();
    go_on();
    const std::map<PackId, PackName> packs = index().pack_ids();
    session_.cache().keep_only([&](const PackId& pack) { return packs.contains(pack); });
  }

  void report_progress(PruneProgress::Stage stage, std::uint64_t done, std::uint64_t total) const {
    if (options_.progress) options_.progress({.stage = stage, .done = done, .total = total});
  }

  // The index forgets what is in a missing pack, and if it is rebuilt without it, also the
  // snapshots of its commits: what they need would be deleted as unreferenced. So the chain of
  // commits is checked each time.
  void refuse_damaged_store() {
    std::vector<std::string> damage = session_.damage();
    if (damage.empty()) damage = check_chain(index(), objects_);
    if (damage.empty()) return;
    mark();  // fails with the account's name if a snapshot is known to need what is lost
    fail(ErrorCode::kDamaged, "{}: run mailstow-backupd check: nothing was dropped or deleted",
         damage.front());
  }

  // The grace period protects readers, and copies that are under way. With the store's lock, only
  // this prune adds packs.
  void refuse_to_skip_grace() {
    if (!options_.skip_grace) return;
    if (!session_.storage().traits().creates_once) {
      fail(ErrorCode::kUsage,
           "delete without the grace period: another host may write to {} without being noticed "
           "in time",
           session_.storage().display_name());
    }
    if (oldest_reader(session_.location(), session_.files()) != UINT64_MAX) {
      fail(ErrorCode::kUsage,
           "delete without the grace period: another mailstow process is reading the store: wait "
           "until it has ended");
    }
    const std::set<std::string> stored = stored_packs();
    for (const KnownCopy& copy : options_.copies) require_complete(copy, stored);
  }

  // The condemned ones, too. A listing may lack packs, and the index those of another host.
  std::set<std::string> stored_packs() {
    std::set<std::string> stored;
    for (const PackName& pack : index().packs()) stored.insert(pack.hex());
    for (const Index::CondemnedRow& row : index().condemned_rows()) {
      const PackName& pack = row.condemned.pack;
      if (session_.storage().size(blob_of(pack))) stored.insert(pack.hex());
    }
    for (const std::string& key : session_.storage().list(kPacksArea)) {
      if (pack_name(key)) stored.insert(key);
    }
    return stored;
  }

  void require_complete(const KnownCopy& copy, const std::set<std::string>& packs) {
    const auto refuse = [&](std::string_view why) {
      fail(ErrorCode::kUsage, "delete without the grace period: the copy {} {}: update it first{}",
           copy.name, why, copy.update.empty() ? "" : ": " + copy.update);
    };
    if (copy.directory.empty()) {
      const CommitMark newest = index().highest_commit();
      if (copy.newest == newest) return;
      refuse(fmt::format("is at commit {} as far as is known, the store at {}", copy.newest.number,
                         newest.number));
    }
    const std::set<std::string> condemned = condemned_until(copy.newest);
    const std::vector<std::string> copied = session_.files().list(copy.directory / kPacksArea);
    for (const std::string& pack : packs) {
      if (std::ranges::binary_search(copied, pack) || condemned.contains(pack)) continue;
      refuse("lacks pack " + pack);
    }
  }

  // The packs that a copy does not need, and an update does not send, if it has followed the
  // checkpoint that condemns them. One that is behind that, or at another commit of that number,
  // may need them all.
  std::set<std::string> condemned_until(const CommitMark& newest) {
    std::set<std::string> condemned;
    if (index().commit_id(newest.number) != newest.id) return condemned;
    for (const Index::CondemnedRow& row : index().condemned_rows()) {
      if (row.number <= newest.number) condemned.insert(row.condemned.pack.hex());
    }
    return condemned;
  }

  void mark() {
    using Stage = PruneProgress::Stage;
    snapshots_.mark(
        marking_, [&](auto done, auto total) { report_progress(Stage::kSnapshots, done, total); });
    marking_.add_parts(
        marked_, [&](auto done, auto total) { report_progress(Stage::kMessages, done, total); });
    report_.dropped = snapshots_.dropped();
  }

  // Packs with commits that came after those of another host, and what these commits name. While
  // their predecessor is known, a record may still make them count.
  void find_rubbish() {
    for (const auto& [pack, losing] : session_.losing_packs()) {
      if (losing.is_predecessor_known) {
        named_by_losing_.insert(losing.named.begin(), losing.named.end());
      } else if (const auto size = session_.storage().size(blob_of(pack))) {
        rubbish_.emplace(pack, *size);
      }
    }
  }

  void classify_condemned() {
    condemned_.classify(
        [&](const Index::CondemnedRow& condemned) { return packs_.is_needed(condemned); });
  }

  // The first step needs room for its commit only.
  void drop_and_condemn() {
    const std::vector<std::size_t> packs = packs_.free_packs();
    // One pack with nothing but earlier commits is not worth another commit.
    const auto has_objects = [&](std::size_t i) { return !packs_.has_only_commits(i); };
    const bool is_worth_it = report_.dropped > 0 || packs.size() > 1 || condemned_.has_redated() ||
                             !rubbish_.empty() || std::ranges::any_of(packs, has_objects);
    if (!is_worth_it) return;
    const std::uint64_t stored = session_.stored_bytes();
    commit(packs);
    commit_bytes_ = session_.stored_bytes() - stored;
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
      packs_.keep(current_);
    }
    report_.written_bytes = session_.stored_bytes();
  }

  void rewrite() {
    to_copy_ = packs_.bytes_to_copy();
    while (true) {
      const std::vector<std::size_t> batch = next_batch();
      report_progress(PruneProgress::Stage::kCopying, copied_, std::max(copied_, to_copy_));
      if (batch.empty()) return;
      current_ = batch;
      packs_.replace(batch);
      packs_.find_needed();
      for (const std::size_t i : packs_.free_packs()) current_.push_back(i);
      packs_.replace(current_);
      if (needs_much_more(batch)) {
        keep_current();
        continue;
      }
      if (!copy_living(batch)) {
        keep_current();
        return;
      }
      commit(current_);
      current_.clear();
    }
  }

  // They also need others again.
  void keep_current() {
    packs_.keep(current_);
    packs_.find_needed();
  }

  std::vector<std::size_t> next_batch() {
    const PruneRoom room = room_left();
    std::vector<std::size_t> batch = choose_rewrites(packs_.candidates(), room.beside);
    uses_reserve_ = batch.empty();
    if (!uses_reserve_) return batch;
    const std::uint64_t kept = std::min(room.with_reserve, 2 * commit_bytes_);
    return choose_for_reserve(packs_.candidates(), room.with_reserve - kept);
  }

  PruneRoom room_left() {
    PruneRoom room = room_for_prune(session_.location(), session_.files(), reserve_use_);
    // A bucket takes all copies; on this machine, packs are only on their way.
    const bool is_bucket = !session_.location().is_directory();
    if (is_bucket && room.beside >= kRoomForUploads) room.beside = kRoomOfBuckets;
    return room;
  }

  bool has_room_left() {
    const PruneRoom room = room_left();
    if (!uses_reserve_) return room.beside > 0;
    return room.with_reserve > std::max<std::uint64_t>(kLeftForCommit, 2 * commit_bytes_);
  }

  // Finds out what dead records in remaining packs need of the batch, which was not known when it
  // was chosen. Returns whether that is too much for the reserve. It is known from then on, so that
  // the next batch has what fits, and in the end nothing is unknown.
  bool needs_much_more(const std::vector<std::size_t>& batch) {
    const std::uint64_t known = packs_.marked_bytes(batch);
    packs_.mark_parts_of_dead(batch);
    return uses_reserve_ && packs_.marked_bytes(batch) - known > kMaxUnknownInReserve;
  }

  // Stream by stream, so that no record is durable before its parts are. Returns false if the room
  // went meanwhile: the copies are not lost, because the next prune finds what was copied dead in
  // its old pack.
  bool copy_living(const std::vector<std::size_t>& batch) {
    std::vector<std::size_t> by_age = batch;
    std::ranges::sort(by_age);
    std::vector<Index::PackRow> rows;
    rows.reserve(by_age.size());
    for (const std::size_t i : by_age) rows.push_back(packs_.row(i));
    Regrouping regrouping(session_, objects_, marked_, [&](std::uint64_t bytes) {
      copied_ += bytes;
      report_progress(PruneProgress::Stage::kCopying, copied_, std::max(copied_, to_copy_));
      room_seen_before_ += bytes;
      if (room_seen_before_ < kRoomCheckedEvery) return true;
      room_seen_before_ = 0;
      return has_room_left();
    });
    for (const Stream stream :
         {Stream::kBinaries, Stream::kTexts, Stream::kRecords, Stream::kManifests}) {
      if (regrouping.copy(rows, stream)) continue;
      session_.publish_if_any();
      report_.shortage = "other programs filled the store's disk meanwhile";
      return false;
    }
    return true;
  }

  // Condemns these packs, and those of earlier steps again.
  void commit(const std::vector<std::size_t>& packs) {
    for (const std::size_t i : packs) {
      condemned_.condemn(packs_.row(i).name, packs_.row(i).size);
    }
    for (const auto& [pack, size] : rubbish_) condemned_.condemn(pack, size);
    if (first_commit_) {
      // The pack with only the first step's commit, which this commit replaces.
      condemned_.condemn(*first_commit_, index().size_of(*first_commit_));
      first_commit_.reset();
    }
    Commit checkpoint;
    checkpoint.is_checkpoint = true;
    checkpoint.condemned = condemned_.waiting();
    checkpoint.pins = snapshots_.pins();
    std::vector<SnapshotLine> lines;
    snapshots_.for_each_line([&](const SnapshotLine& line) { lines.push_back(line); });
    session_.commit(in_series(std::move(checkpoint), lines));
    packs_.replace(packs);
    ++report_.steps;
    condemned_.count_condemned();
    if (!options_.skip_grace) return;
    condemned_.load();
    classify_condemned();
    condemned_.delete_expired();
  }

  // The search index is plain text: messages in no snapshot must not be readable there.
  void clean_search_index() {
    const std::int64_t newest_old = packs_.newest_row();
    session_.search().keep_only([&](const ObjectId& message) {
      const auto place = index().find_uncondemned(ObjectType::kMessage, message);
      if (!place) return false;
      return pack_of(place->block) > newest_old || marks_.contains(*place);
    });
    session_.search().keep_only_groups([&](const ObjectId& node) {
      const auto place = index().find_uncondemned(ObjectType::kIdentityLeaf, node);
      return place && (pack_of(place->block) > newest_old || marks_.contains(*place));
    });
    remove_other_search_indexes();
  }

  // Those of earlier commits, and what a reindex that was interrupted left.
  void remove_other_search_indexes() {
    const Location& location = session_.location();
    remove_past_search_indexes(location);
    for (const char* suffix : {"", "-wal", "-shm"}) {
      const std::string file = new_search_index_file(location).string() + suffix;
      std::error_code error;
      std::filesystem::remove(file, error);
      if (error) base::log_warning("remove {}: {}", file, error.message());
    }
  }

  const PruneOptions& options_;
  WriteSession session_;
  std::chrono::sys_seconds now_;
  PruneReport report_;
  LivingSnapshots snapshots_;
  ObjectReader objects_;
  Marks marks_;
  MarkedObjects marked_;
  Marking marking_;
  PrunePacks packs_;
  CondemnedPacks condemned_;
  std::map<PackName, std::uint64_t> rubbish_;  // packs with commits that can't count, their sizes
  std::set<PackName> named_by_losing_;
  std::optional<PackName> first_commit_;  // the pack with nothing but the first step's commit
  std::vector<std::size_t> current_;      // the packs of the step under way
  ReserveUse reserve_use_ = use_before(options_);
  bool uses_reserve_ = false;           // in the step under way
  std::uint64_t commit_bytes_ = 0;      // that a step's commit takes, approximately
  std::uint64_t copied_ = 0;            // bytes, before compression
  std::uint64_t room_seen_before_ = 0;  // bytes copied since then
  std::uint64_t to_copy_ = 0;           // in all steps
};

}  // namespace

ChoiceLimits usual_limits(const Location& location) {
  constexpr std::uint64_t kDeadPercentInBuckets = 50;
  if (location.is_directory()) return {};
  return {.dead_percent = kDeadPercentInBuckets, .max_recompressed = 0};
}

PruneReport prune(const Location& location, base::FileSystem& files, const base::Clock& clock,
                  const PruneOptions& options) {
  return_freed_memory();
  try {
    // Made again once the session is closed: until then, the logs of its indexes take room.
    ReservedRoom reserve(location, files);
    const auto prepare = [&] {
      auto work = std::make_unique<Prune>(location, files, clock, options);
      work->prepare();
      return work;
    };
    if (options.mode == PruneMode::kPlan) return prepare()->run();
    // The index and the marks need room, too, which may be on the same disk.
    const std::unique_ptr<Prune> work = reserve.with_room(prepare);
    reserve.expect_use();
    if (reserve.is_given_up()) work->note_given_up_reserve();
    return work->run();
  } catch (const base::Error& error) {
    fail(error.code(), "prune: {}", error.what());
  }
}

}  // namespace store
