// Removes from a store what no living snapshot needs, and compresses the rest harder.
//
// Nothing is lost by a crash or a failure at any moment: what lives is copied into new packs, which
// are durable and known to the index before one commit drops the snapshots and condemns the old
// packs; their files go only when they have been condemned for the time of grace and no reader is
// left that began before (docs/architecture.md, "A prune").
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/object_id.h"
#include "store/maintenance/pack_choice.h"

namespace store {

enum class PruneMode {
  kCarryOut,
  kPlan,  // reports what would be done
};

struct PruneOptions {
  std::set<ObjectId> drop = {};  // snapshots; unknown ones are ignored
  std::chrono::seconds grace = std::chrono::hours(24);
  PruneMode mode = PruneMode::kCarryOut;
  ChoiceLimits limits = {};
};

struct PruneReport {
  struct PackLine {
    Sha256 name;
    std::uint64_t size = 0;
    PackChoice choice;
  };
  std::uint64_t dropped = 0;    // snapshots
  std::vector<PackLine> packs;  // by age, without those that were condemned before
  std::uint64_t rewritten = 0;  // packs
  std::uint64_t condemned = 0;  // packs, the rewritten ones among them
  std::uint64_t condemned_bytes = 0;
  std::uint64_t written_bytes = 0;  // new packs; with kPlan unknown: 0
  std::uint64_t deleted = 0;        // packs condemned earlier
  std::uint64_t deleted_bytes = 0;
  std::uint64_t waiting = 0;  // packs condemned and not yet deleted
  std::uint64_t waiting_bytes = 0;
  bool has_older_reader = false;       // it keeps packs that could be deleted otherwise
  std::vector<std::string> leftovers;  // files of interrupted programs that were removed
};

// Takes the store's lock. Fails as Writer::open does, and with kDamaged, having changed nothing, if
// the store is damaged: what can't be read might be needed.
PruneReport prune(const Location& location, base::FileSystem& files, const base::Clock& clock,
                  const PruneOptions& options);

// Durably, and nothing else: what only they refer to goes with the next prune. Returns how many
// there were. Takes the store's lock.
std::uint64_t drop_snapshots(const Location& location, base::FileSystem& files,
                             const base::Clock& clock, const std::set<ObjectId>& snapshots);

}  // namespace store
