// Which host sweeps a tree: the one that made it, whose locks keep its runs and sweeps apart. A
// host that is gone for good must not leave its trees in mailboxes for ever, so after a while any
// host may sweep them.
#pragma once

#include <chrono>
#include <string>

#include "store/tree_record.h"

namespace store {

// A living host sweeps a tree within an hour or so after its expiry.
inline constexpr std::chrono::days kHostSilence{2};
inline constexpr std::chrono::days kMaxRun{1};  // that another host does not disturb

struct TreeMaking {
  std::string host;  // TreeRecord::host
  TreeState state = TreeState::kRestoring;
  std::chrono::sys_seconds expires{};
  std::chrono::sys_seconds written{};    // when its record was put last
  std::chrono::sys_seconds host_seen{};  // when the host last put any record
};

// Whether `this_host` may sweep the tree, if it is due. Not if another host made it, unless that
// host has been silent for two days and has left the tree overdue for as long. A tree that is being
// restored is left alone for a day after its record was put. Times in the future count as now, and
// a tree without a host, which an earlier mailstow made, is any host's.
bool may_sweep(const TreeMaking& tree, const std::string& this_host, std::chrono::sys_seconds now);

// The same for a record of a listing.
bool may_sweep(const TreeRecord& record, const TreeRecords::Listing& listing,
               const std::string& this_host, std::chrono::sys_seconds now);

// Whether `this_host` may put or remove the record, whether the tree is due or not. The same, but
// only the host's silence counts.
bool may_change(const TreeRecord& record, const TreeRecords::Listing& listing,
                const std::string& this_host, std::chrono::sys_seconds now);

}  // namespace store
