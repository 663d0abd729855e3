// What a store's commits say together.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/format/commit.h"

namespace store {

using NamedCommit = std::pair<ObjectId, Commit>;

// A line for each commit that is missing between others or follows another than it says, and for
// each pack that one names and that is neither in `packs` nor condemned.
std::vector<std::string> find_breaks(std::vector<NamedCommit> commits,
                                     const std::set<PackName>& packs);

// The snapshots that there are after all of them, by id.
std::map<ObjectId, SnapshotLine> living_snapshots(std::vector<NamedCommit> commits,
                                                  const Keys& keys);

}  // namespace store
