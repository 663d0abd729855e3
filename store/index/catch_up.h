// Brings the index up to date with the packs: after a crash, a lost index, or packs that were
// restored or removed. Reindexing is this with an empty index.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/format/commit_chain.h"
#include "store/format/location.h"
#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/index/past_commit.h"

namespace store {

// A pack with commits that do not count, because a record of their number names others. It is not
// in the index.
struct LosingPack {
  // Whether the index has the commit that they follow. The host that wrote them may then still
  // record them, if only a late listing hides the record from it or from us; so they, and all packs
  // that they name, are no rubbish.
  bool is_predecessor_known = false;
  std::set<PackName> named;
};

struct CaughtUp {
  // The problems of the store, a line each: packs and commit records that can't be read, packs that
  // are missing, commits of two writers with one number.
  std::vector<std::string> damage;
  std::set<PackName> unreadable;  // packs that are there, and that no commit condemns
  std::map<PackName, LosingPack> losing;
  // The last commits of all branches of the forks that no checkpoint joins (store/index/forks.h).
  std::vector<CommitMark> forked;
  // The highest commit that has a record, if the store lacks the commit itself; else number 0.
  CommitMark recorded;
  bool is_newest_recorded = false;  // whether the newest commit in the index has one, or needs none
};

// Needs the store's lock. While a pack is missing, the index has what its commits say, but none of
// the objects that only it has. Without the newest commit, which may mean an older state, the index
// has what the other packs say. After an error the index must be opened again.
CaughtUp catch_up(const Location& location, base::FileSystem& files, const BlockContext& context,
                  Index& index);

// What becomes of the packs that commits condemned which lost a fork: that does not count, but
// those that a repair replaces must not live again.
enum class DisputedPacks { kAdd, kLeaveOut };

// The index as if it had been empty and the packs `without` did not exist. Needs the store's lock.
struct Rebuilt : CaughtUp {
  std::vector<NamedCommit> commits;  // that count
  // Those that lost a fork which no checkpoint joins, as far as their snapshots count. The index
  // has these.
  std::vector<NamedCommit> losing_commits;
  std::set<ObjectId> forked_ids;  // all of them, also if they made no snapshots
  std::set<PackName> disputed;    // packs that only they condemn
};
Rebuilt rebuild_index(const Location& location, base::FileSystem& files,
                      const BlockContext& context, Index& index, const std::set<PackName>& without,
                      DisputedPacks disputed = DisputedPacks::kAdd);

// An index as of an earlier commit.
struct RebuiltPast {
  PastCommit commit;
  PastLoss loss;
};

// The index as it was after that commit, whatever later commits say: they, and packs that only they
// name, do not exist in it. Where packs are missing that the commit needs, it has the places of
// their objects in any other packs. `index`: empty, for IndexUse::kPast. Needs no lock. Fails with
// kNotFound if the commit is not there, kUsage if several ids begin as wanted.
RebuiltPast rebuild_past_index(const Location& location, base::FileSystem& files,
                               const BlockContext& context, Index& index,
                               const WantedCommit& wanted);

}  // namespace store
