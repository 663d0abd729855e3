// Corrects the times of trees as far as the store shows that a wrong clock dated them.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/program/program.h"
#include "restore/redated_tree.h"
#include "store/format/snapshot.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace restore {

class TreeTimes {
 public:
  // Both must outlive it. Without a reader no snapshots are known. `now`: of a trusted clock.
  // `is_confirmed`: the administrator confirms that it is right.
  TreeTimes(const base::Environment& environment, store::Reader* reader,
            std::chrono::sys_seconds now, bool is_confirmed = false);

  // The record with corrected times (restore/redated_tree.h); nullopt if nothing contradicts them.
  std::optional<store::TreeRecord> redated(const store::TreeRecord& record) const;

 private:
  const base::Environment& environment_;
  store::Reader* reader_;
  TrustedTime time_;
};

// The tree's record with corrected times, as the next sweep would correct them; nullopt also while
// the system's clock is in doubt. `records`: of the store. Fails with kIo.
std::optional<store::TreeRecord> redated_now(const base::Environment& environment,
                                             store::Reader& reader,
                                             const store::TreeRecords& records,
                                             const store::TreeRecord& record);

// A reader for source_snapshots(); nullopt if the store has no index.
std::optional<store::Reader> open_for_times(const base::Environment& environment);

// The snapshots of the account that the tree was restored from; empty if they are unknown. `reader`
// may be null.
std::vector<store::SnapshotInfo> source_snapshots(store::Reader* reader,
                                                  const store::TreeRecord& record);

}  // namespace restore
