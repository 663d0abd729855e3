// The condemned packs of a store, in a prune: those whose files can be deleted, and those that
// wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "store/format/commit.h"
#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/maintenance/prune.h"
#include "store/write_session.h"

namespace store {

// For one thread. Fails like the storage and the index.
class CondemnedPacks {
 public:
  // Session and report must outlive it. `grace`: how long a pack waits before it is deleted; 0: not
  // at all. `is_confirmed`: the administrator confirms that `now` is right. Counts the deleted, the
  // condemned and the waiting packs in the report.
  CondemnedPacks(WriteSession& session, std::chrono::seconds grace, std::chrono::sys_seconds now,
                 bool is_confirmed, PruneReport& report);

  // Reads the condemned packs from the index.
  void load();

  // Decides about the packs as loaded. Those without a file can always be forgotten. The grace
  // period of a pack condemned in the future, by a clock that was ahead, begins now, unless the
  // clock may be behind.
  void classify(const std::function<bool(const Index::CondemnedRow&)>& is_needed);

  // Whether that changed the time of a pack, which only a commit makes durable.
  bool has_redated() const { return has_redated_; }

  // The files are durably deleted before the index, and then the next checkpoint, forget them.
  // Fails with kBusy if another host has taken the store over, which is found out again before each
  // fifty files.
  void delete_expired();

  // Condemns a pack of `size` bytes with the step's commit, unless it already is.
  void condemn(const PackName& pack, std::uint64_t size);

  // To be called after the commit, so that the report counts no step that failed.
  void count_condemned();

  // Everything that the step's commit has to condemn, the packs of earlier steps among them.
  const std::vector<CondemnedPack>& waiting() const { return waiting_; }

 private:
  void delete_batch(std::span<const Index::CondemnedRow> batch);
  bool is_over(const CondemnedPack& condemned) const;
  void wait_for(const CondemnedPack& condemned, std::uint64_t size);

  WriteSession& session_;
  std::chrono::seconds grace_;
  std::chrono::sys_seconds now_;
  bool may_be_behind_;  // the clock
  bool has_redated_ = false;
  PruneReport& report_;
  std::vector<Index::CondemnedRow> condemned_;
  std::vector<Index::CondemnedRow> expired_;
  std::vector<CondemnedPack> waiting_;
  std::uint64_t uncounted_ = 0;  // of waiting_: those of the step under way
  std::uint64_t uncounted_bytes_ = 0;
};

}  // namespace store
