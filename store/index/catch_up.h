// Brings the index up to date with the packs: after a crash, a lost index, or packs that were
// restored or removed. Reindexing is this with an empty index.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/pack.h"
#include "store/index/index.h"

namespace store {

struct CaughtUp {
  // The problems of the store, a line each: packs and commit records that can't be read, packs that
  // are missing, commits of two writers with one number.
  std::vector<std::string> damage;
  // Packs with commits that do not count: another writer's record has their number. They are not in
  // the index.
  std::set<PackName> losing;
  // The highest commit that has a record, if the store lacks the commit itself; else number 0.
  CommitMark recorded;
  bool is_newest_recorded = false;  // whether the newest commit in the index has one, or needs none
};

// Needs the store's lock. While a pack is missing, the index has what its commits say, but none of
// the objects that only it has. Without the newest commit, which may mean an older state, the index
// has what the other packs say. After an error the index must be opened again.
CaughtUp catch_up(const Location& location, base::FileSystem& files, const BlockContext& context,
                  Index& index);

// The index as if it had been empty and the packs `without` did not exist. Needs the store's lock.
struct Rebuilt : CaughtUp {
  std::vector<std::pair<ObjectId, Commit>> commits;
};
Rebuilt rebuild_index(const Location& location, base::FileSystem& files,
                      const BlockContext& context, Index& index, const std::set<PackName>& without);

}  // namespace store
