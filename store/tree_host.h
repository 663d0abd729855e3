// Which host sweeps a tree: the one that made it, whose locks keep its runs and sweeps apart. A
// host that is gone for good must not leave its trees in mailboxes for ever, so after a while the
// host that writes to the store sweeps them. No other does: two would disturb each other, and one
// that only restores would take the store over if it rescued mail.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/tree_record.h"

namespace store {

// A living host sweeps a tree within an hour or so after its expiry.
inline constexpr std::chrono::days kHostSilence{2};
inline constexpr std::chrono::days kMaxRun{1};  // that another host does not disturb

struct SweepingHost {
  std::string id;           // store/host_id.h
  bool owns_store = false;  // whether it was the last one to write to the store
};

// This one. Where no host is recorded as the owner, as in stores of earlier versions, each counts
// as it; where that can't be found out, this one does not. Changes nothing.
SweepingHost this_sweeping_host(const Location& location, base::FileSystem& files,
                                const base::Clock& clock);

struct TreeMaking {
  std::string host;  // TreeRecord::host
  TreeState state = TreeState::kRestoring;
  std::chrono::sys_seconds expires{};
  std::chrono::sys_seconds written{};    // when its record was put last
  std::chrono::sys_seconds host_seen{};  // when the host last put any record
};

// Whether `sweeping` may sweep the tree, if it is due. Not if another host made it, unless
// `sweeping` owns the store, and that host has been silent for two days and has left the tree
// overdue for as long. A tree that is being restored is left alone for a day after its record was
// put. Times in the future count as now, and a tree without a host, which an earlier mailstow made,
// is any host's.
bool may_sweep(const TreeMaking& tree, const SweepingHost& sweeping, std::chrono::sys_seconds now);

// The same for a record of a listing.
bool may_sweep(const TreeRecord& record, const TreeRecords::Listing& listing,
               const SweepingHost& sweeping, std::chrono::sys_seconds now);

// Whether an administrator on the host `this_host` may have the record put or removed, whether the
// tree is due or not: only the silence of the host that made it counts.
bool may_change(const TreeRecord& record, const TreeRecords::Listing& listing,
                const std::string& this_host, std::chrono::sys_seconds now);

// Whether `sweeping` writes to the user of the tree about it. The same, but another host's tree is
// the owner's.
bool may_remind(const TreeRecord& record, const TreeRecords::Listing& listing,
                const SweepingHost& sweeping, std::chrono::sys_seconds now);

}  // namespace store
