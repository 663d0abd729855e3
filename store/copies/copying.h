// Brings a copy of a store up to date: a second storage with the same blobs, which is a store by
// itself.
//
// A copy is at every moment what the store was after one of its commits: the packs that a commit
// needs are there before the one that holds it, and that one appears only after the commit before
// it. Before its first commit is complete, it has no key slot, so that it is no store. Nothing in a
// copy is removed or replaced: it keeps what the store drops, until something else removes it
// there.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/index/commit_mark.h"

namespace store {

class Storage;

struct CopyingProgress {
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;  // at least; what earlier commits need may add to it
};

struct CopyingOptions {
  // The first digits of the id of a commit that is not followed by itself, but is right.
  std::string accept = {};
  // The key slots, by id, that only the copy has, and that are known to be removed from the store.
  std::set<std::string> accepted_slots = {};
  // HeldCommit::reasons of an earlier run, if these are of several commits together: no commit that
  // drops anything is followed until one is accepted.
  std::vector<std::string> held_together = {};
  std::function<void(const CopyingProgress&)> progress = {};
};

// A commit that drops more than a copy follows by itself (store/copies/copy_guard.h).
struct HeldCommit {
  CommitMark commit;
  std::vector<std::string> reasons;
  // It is held because of the commits before it, which the copy has followed.
  bool is_together = false;
};

struct CopyingReport {
  CommitMark newest;                       // the copy's; number 0: it has none
  std::chrono::sys_seconds newest_time{};  // when that commit was made
  std::uint64_t commits_behind = 0;        // the store's newest commit has so much higher a number
  // Counts of the blobs that were sent.
  std::uint64_t packs = 0;
  std::uint64_t pack_bytes = 0;
  std::uint64_t commits = 0;
  std::uint64_t records = 0;  // key slots, and records of commits, owners and trees
  // What the store does not have as it was written, so that the copy lacks it, and what the copy
  // has in its place; a line each.
  std::vector<std::string> damage;
  // The copy stays before this commit. It has its packs, as far as they hold no commits.
  std::optional<HeldCommit> held;
  bool has_accepted = false;             // CopyingOptions::accept named the commit that was held
  std::set<std::string> vanished_slots;  // key slots, by id, that only the copy has
};

// Sends what `copy` lacks. Counts as a reader meanwhile, so that no prune deletes what is being
// sent. With an index of its own, whose readers no prune sees, it begins again after damage, twice
// at most. Can be repeated after an error or a stop (base::Stopped), and continues then.
//
// Fails with kConfig if `copy` holds something else than a copy of this store, kDamaged if the copy
// has commits that the store does not have: the store is in an older state, or both were written
// to; kNotFound without a store or an index; kKey; and as the storages do.
CopyingReport copy_store(const Location& location, base::FileSystem& files, Storage& copy,
                         const CopyingOptions& options = {});

}  // namespace store
