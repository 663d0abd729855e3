// Removes from a store everything that no living snapshot needs, and compresses the rest harder.
//
// In steps, each of which ends with a commit: first what needs no copying, then rewriting, as far
// as the room on the disk allows. A crash or failure at any moment loses nothing: living objects
// are copied into new packs, which are durable and in the index before a commit condemns the old
// packs; their files are deleted only after they have been condemned for the grace period and no
// reader remains that began before (docs/architecture.md, "A prune").
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/object_id.h"
#include "store/index/commit_mark.h"
#include "store/maintenance/pack_choice.h"

namespace store {

enum class PruneMode {
  kCarryOut,
  kPlan,  // reports what would be done
};

struct PruneProgress {
  enum class Stage {
    kSnapshots,  // finding what living snapshots need; counts snapshots
    kMessages,   // finding what living messages need; counts bytes of packs
    kCopying,    // counts bytes of objects, before compression
  };
  Stage stage = Stage::kSnapshots;
  std::uint64_t done = 0;
  // Of the stage. All that could be copied, whether or not the disk has the room.
  std::uint64_t total = 0;
};

// A copy of the store that must not miss a pack.
struct KnownCopy {
  std::string name;                      // for messages
  std::filesystem::path directory = {};  // with its packs; empty: only `newest` is known
  CommitMark newest = {};                // that it is known to have; number 0: unknown
  std::string update = {};               // the command that brings it up to date, for messages
};

struct PruneOptions {
  std::set<ObjectId> drop = {};  // snapshots; unknown and pinned ones are ignored
  // At least a day where the storage can't create a name only once.
  std::chrono::seconds grace = std::chrono::hours(24);
  PruneMode mode = PruneMode::kCarryOut;
  ChoiceLimits limits = {};
  bool is_now_confirmed = false;  // by the administrator, against all recorded times
  // Deletes packs as soon as they are condemned, whatever `grace` is. The caller has made sure that
  // every reader is visible here.
  bool skip_grace = false;
  std::vector<KnownCopy> copies = {};  // with `skip_grace`: each must have what the store has
  bool is_reserve_given_up = false;    // the caller did that, with a ReservedRoom
  // Called on the same thread, at the beginning and the end of a stage and often in between.
  std::function<void(const PruneProgress&)> progress = {};
};

struct PruneReport {
  struct PackLine {
    Sha256 name;
    std::uint64_t size = 0;
    PackChoice choice;
  };
  std::chrono::seconds grace{};  // how long packs wait, unless it is skipped
  std::uint64_t dropped = 0;     // snapshots
  std::vector<PackLine> packs;   // by age, without packs that were condemned before
  std::uint64_t rewritten = 0;   // packs
  std::uint64_t condemned = 0;   // packs, the rewritten ones among them
  std::uint64_t condemned_bytes = 0;
  std::uint64_t written_bytes = 0;  // new packs; with kPlan unknown: 0
  std::uint64_t deleted = 0;        // packs condemned earlier
  std::uint64_t deleted_bytes = 0;
  std::uint64_t waiting = 0;  // packs condemned but not yet deleted
  std::uint64_t waiting_bytes = 0;
  std::uint64_t not_begun = 0;  // of `waiting`: packs whose grace period has not begun, because the
                                // clock may be behind
  std::uint64_t steps = 0;      // commits
  // Packs with dead data that were not rewritten, because the disk lacks the room.
  std::uint64_t left = 0;
  std::uint64_t left_bytes = 0;
  std::string shortage;                // why the last step ended early; "": it did not
  std::uint64_t not_recompressed = 0;  // packs that wait for plenty of room; nothing is wrong
  bool has_older_reader = false;       // it keeps packs that could otherwise be deleted
  std::vector<std::string> leftovers;  // removed files of interrupted programs
};

// The limits for this store. Where every byte that is read or written crosses a network, and may be
// paid for, a pack is rewritten only if that frees as much as it copies, and never only to be
// compressed harder, which saves a fifth at most.
ChoiceLimits usual_limits(const Location& location);

// Takes the store's lock. Fails as Writer::open does, and with kDamaged, having changed nothing, if
// the store is damaged: unreadable data might be needed. Fails with kUsage if the grace period is
// to be skipped while there is a reader or a copy lacks a pack, or where the storage can't create a
// name only once. Once the first step is done, a full disk is not an error: the report describes
// what is left. Everything is deleted by the time that `clock` shows at the beginning, which the
// caller has judged (store/clock_guard.h).
PruneReport prune(const Location& location, base::FileSystem& files, const base::Clock& clock,
                  const PruneOptions& options);

}  // namespace store
