// What every writer of a store has: its lock, its index brought up to date, and the pack that is
// being filled. Writer and prune are built on it.
//
// One thread. Fails as Writer does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/commit.h"
#include "store/format/location.h"
#include "store/index/index.h"
#include "store/pack_writer.h"
#include "store/sealing_pool.h"
#include "store/search_index/search_feeder.h"
#include "store/search_index/search_index.h"

namespace store {

// A repair takes a store that was put back to an older state as it is, and has no use for
// searching.
enum class Purpose { kWrite, kRepair };

class WriteSession {
 public:
  // Takes the lock, removes what crashes left, and reads in what packs the index does not know.
  WriteSession(const Location& location, base::FileSystem& files, const base::Clock& clock,
               Effort effort, Purpose purpose = Purpose::kWrite);

  // Whether the object is stored, or will be with the next publish(). What lies in a condemned pack
  // is as good as gone.
  bool knows(ObjectType type, const ObjectId& id);

  // Into the open pack. `message_size` is of a kMessage.
  void add(ObjectType type, const ObjectId& id, base::ByteView bytes,
           std::uint64_t message_size = 0);

  // For a message that is known: it may be one that no snapshot held when prune cleaned the search
  // index up.
  void make_searchable(const ObjectId& message, base::ByteView header);

  // Adds what the store doesn't know yet.
  ObjectId put(ObjectType type, base::ByteView bytes);

  // A manifest of the open pack, while it is; null: it is not kept here.
  const base::Bytes* unpublished(const ObjectId& id) const;

  // The open pack becomes durable, then known to the index.
  void publish_if_full();
  void publish_if_any();

  // The commits follow each other and appear together, with the open pack: its rename is the commit
  // point. Number, time, the commit before and the packs are filled in.
  void commit(std::vector<Commit> series);

  const Location& location() const { return location_; }
  base::FileSystem& files() const { return files_; }
  const base::Clock& clock() const { return clock_; }
  const BlockContext& context() const { return context_; }
  Index& index() {
    looking_.reset();
    return index_;
  }
  SearchIndex& search() {
    feeder_.drain();
    return search_;
  }
  std::uint64_t stored_bytes() const { return stored_bytes_; }

  // Damage found in the store on opening, one line each.
  const std::vector<std::string>& damage() const { return damage_; }

  // The next commit gets a higher number than this one, which may be lost: no number is given
  // twice, so that what is lost stays told from what follows.
  void number_after(const CommitMark& commit);

  // The highest commit known outside the store, if the store lacks it: kRepair only.
  const std::optional<CommitMark>& lost_commit() const { return lost_commit_; }

 private:
  template <typename Work>
  auto guarded(Work work);
  void publish(std::span<const std::pair<ObjectId, Commit>> commits);
  std::vector<PackName> packs_to_name(const Commit& commit);

  Location location_;
  base::FileSystem& files_;
  const base::Clock& clock_;
  BlockContext context_;
  std::unique_ptr<base::FileLock> lock_;
  Index index_;
  std::optional<Index::Moment> looking_;  // spares each look-up its locks; not while one writes
  SearchIndex search_;
  SearchFeeder feeder_{search_};
  Effort effort_;
  SealingPool pool_;
  std::vector<std::string> damage_;
  std::optional<CommitMark> lost_commit_;
  CommitMark number_after_;
  std::unique_ptr<PackWriter> pack_;                             // null: nothing is waiting
  std::unordered_set<ObjectId> pending_;                         // what pack_ holds
  std::unordered_map<ObjectId, base::Bytes> pending_manifests_;  // of those, what may be read soon
  std::size_t pending_manifest_bytes_ = 0;
  std::uint64_t stored_bytes_ = 0;
  bool failed_ = false;
};

}  // namespace store
