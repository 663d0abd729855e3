// The snapshots that remain when some are dropped.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <vector>

#include "store/format/commit.h"
#include "store/format/object_id.h"
#include "store/index/index.h"
#include "store/maintenance/marking.h"
#include "store/write_session.h"

namespace store {

// A snapshot may have been pinned since the caller made its plan.
std::set<ObjectId> without_pinned(Index& index, std::set<ObjectId> snapshots,
                                  std::chrono::sys_seconds now);

// For one thread.
class LivingSnapshots {
 public:
  // The session must outlive it.
  LivingSnapshots(WriteSession& session, std::set<ObjectId> drop);

  void for_each_line(const std::function<void(const SnapshotLine&)>& take) const;
  std::vector<Pin> pins() const;
  std::uint64_t dropped() const;  // how many of `drop` the store has

  // Marks what the snapshots need, without the parts of messages. Fails with the account's name if
  // a snapshot can't be read.
  // `has_marked` is called before the first snapshot and after each one.
  using HasMarked = std::function<void(std::uint64_t done, std::uint64_t total)>;
  void mark(Marking& marking, const HasMarked& has_marked) const;

 private:
  WriteSession& session_;
  std::set<ObjectId> drop_;
};

}  // namespace store
