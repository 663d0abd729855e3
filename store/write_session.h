// The base of every writer of a store: its lock, its index brought up to date, and the pack that is
// being filled. Writer and prune are built on it.
//
// For one thread. Fails as Writer does. If memory runs out, the call has no effect and fails
// with std::bad_alloc; if parts of a pack are lost, it fails with kIo, and has_failed().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/commit.h"
#include "store/format/commit_record.h"
#include "store/format/location.h"
#include "store/format/uid_tree.h"
#include "store/index/block_cache.h"
#include "store/index/catch_up.h"
#include "store/index/commit_log.h"
#include "store/index/index.h"
#include "store/index/ownership.h"
#include "store/pack_writer.h"
#include "store/sealing_pool.h"
#include "store/search_index/search_feeder.h"
#include "store/search_index/search_index.h"
#include "store/storage/storage.h"

namespace store {

// A store of an older format is converted, except by a prune, whose own commits do that. A repair
// accepts a store that was restored to an older state as it is, and needs neither the search index
// nor, if there is no index, the store's copy of it.
enum class Purpose { kWrite, kPrune, kRepair };

class WriteSession {
 public:
  // Takes the lock, removes the leftovers of crashes, indexes packs that the index does not know,
  // tries the fence, and converts a store of an older format. Fails with kConfig if a newer version
  // of mailstow wrote to the store in a way that forbids that, and with kStorage if this machine's
  // clock and the storage's differ by more than base::kClockSlack.
  WriteSession(const Location& location, base::FileSystem& files, const base::Clock& clock,
               Effort effort, Purpose purpose = Purpose::kWrite);

  // Returns whether the object is stored, or will be with the next publish(). An object in a
  // condemned pack counts as not stored. `account`: which needs it; for messages and parts.
  bool knows(ObjectType type, const ObjectId& id, std::string_view account = {});

  // Adds to the open pack. `message_size` is for a kMessage only, `account` for messages and parts:
  // those of one account lie together.
  void add(ObjectType type, const ObjectId& id, base::ByteView bytes,
           std::uint64_t message_size = 0, std::string_view account = {});

  // For a message that is already stored: the search index lacks it if no snapshot held it when
  // prune cleaned up there.
  void make_searchable(const ObjectId& message, base::ByteView header);

  // Adds the object unless the store has it. It can be read at once: a manifest from unpublished(),
  // or, if too many are waiting, because put() publishes them.
  ObjectId put(ObjectType type, base::ByteView bytes);

  // The messages of a group of leaves that was put, for the search index.
  void note_group(const UidTree::Group& group);

  // The bytes of a manifest in the open pack, as put() added it; null if it is not there.
  const base::Bytes* unpublished(const ObjectId& id) const;

  // Makes the open pack durable, then adds it to the index: if it is full, or if there is one.
  void publish_if_full();
  void publish_if_any();

  // The commits follow each other and appear together, with the open pack: its rename is the commit
  // point. Number, time, previous commit and packs are filled in. Fails with kBusy if another host
  // has written to the store since it was opened: then the commits do not count.
  void commit(std::vector<Commit> series);

  // Publishes the record of these commits, which are in one pack and in the index, unless they have
  // one: after a crash, or if an earlier version committed them. Fails with kBusy as commit() does,
  // and kDamaged if the record's name is taken by something else. A new commit has to pass the
  // fence. One that the store has counts whether it did or not: who passed may have ended then.
  void record(std::span<const Index::CommitRow> commits, Fence fence = Fence::kNone);

  // Fails with kConfig if an extension of the store forbids this use to this mailstow: kDropping to
  // be called before work that ends with it, which commit() does, too.
  void require_allowed(Forbids use);

  // To be called before anything is deleted. Fails with kBusy if another host has taken the store
  // over: it may need what this one no longer does.
  void require_ownership();

  // Copies the index into the bucket, as copy_index_if_due() says (store/index/index_copy.h),
  // unless the store is damaged, or something has failed or is not yet committed.
  std::optional<std::uint64_t> copy_index_if_due();

  bool has_failed() const { return failed_ || is_publishing_; }

  const Location& location() const { return location_; }
  base::FileSystem& files() const { return files_; }
  Storage& storage() { return *storage_; }
  BlockCache& cache() { return cache_; }
  const base::Clock& clock() const { return clock_; }
  const BlockContext& context() const { return context_; }
  Index& index() {
    lookup_moment_.reset();
    return index_;
  }
  SearchIndex& search() {
    feeder_.drain();
    return search_;
  }
  std::uint64_t stored_bytes() const { return stored_bytes_; }

  // Damage found in the store on opening, one line each.
  const std::vector<std::string>& damage() const { return damage_; }

  // The next commit gets a higher number than this one, which may be lost: no number is used twice,
  // so that lost commits remain distinguishable from later ones.
  void number_after(const CommitMark& commit);

  // Packs that could not be read on opening, and that no commit condemns.
  const std::set<PackName>& unreadable_packs() const { return unreadable_packs_; }

  // Packs with commits that do not count, because another host was first: they are not indexed.
  const std::map<PackName, LosingPack>& losing_packs() const { return losing_packs_; }

  // The highest commit known outside the store, or recorded in it, if the store lacks it: kRepair
  // only.
  const std::optional<CommitMark>& lost_commit() const { return lost_commit_; }

 private:
  template <typename Work>
  auto guarded(Work work);
  bool is_lost() const;
  bool keep_manifest(ObjectType type, const ObjectId& id, base::ByteView bytes);
  void forget_pending(const ObjectId& id, bool is_manifest_kept);
  void publish_series(std::vector<Commit> series);
  void publish(std::span<const std::pair<ObjectId, Commit>> commits);
  void note_branch(const ObjectId& id, base::ByteView bytes);
  void count_noted(std::size_t bytes);
  void index_groups();
  void record_newest();
  void number_after_all(const CaughtUp& caught_up);
  void convert_older_store();
  void require_to_be_alone(std::uint64_t number);
  [[noreturn]] void fail_as_overtaken(std::uint64_t number, const StoreOwner& by);
  std::vector<PackName> packs_to_name(const Commit& commit);

  Location location_;
  base::FileSystem& files_;
  std::shared_ptr<Storage> storage_ = storage_of(location_, files_);
  const base::Clock& clock_;
  BlockContext context_;
  std::unique_ptr<base::FileLock> lock_;
  Index index_;
  // Saves taking the locks on each lookup; not held during writes.
  std::optional<Index::Moment> lookup_moment_;
  SearchIndex search_;
  SearchFeeder feeder_{search_};
  Effort effort_;
  SealingPool pool_;
  Fence fence_ = Fence::kNone;
  std::vector<std::string> damage_;
  std::set<PackName> unreadable_packs_;
  std::map<PackName, LosingPack> losing_packs_;
  std::optional<CommitMark> lost_commit_;
  CommitMark number_after_;
  StoreOwner owner_;
  BlockCache cache_{location_};
  std::unique_ptr<PackWriter> pack_;      // null: nothing is waiting
  std::unordered_set<ObjectId> pending_;  // the objects in pack_
  // A subset of pending_: manifests that may be read soon.
  std::unordered_map<ObjectId, base::Bytes> pending_manifests_;
  std::size_t pending_manifest_bytes_ = 0;
  struct NotedGroup {
    ObjectId node;
    std::vector<SearchIndex::KeyedMessage> messages;
  };
  // To be added to the search index.
  std::vector<NotedGroup> noted_groups_;
  std::vector<std::pair<ObjectId, base::Bytes>> noted_branches_;
  std::size_t noted_bytes_ = 0;
  std::uint64_t stored_bytes_ = 0;
  bool is_publishing_ = false;  // the pack's content and the index may differ
  bool failed_ = false;
};

}  // namespace store
