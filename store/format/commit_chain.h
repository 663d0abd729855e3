// The chain of a store's commits: gaps in it, and the snapshots that result from it.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/format/commit.h"

namespace store {

using NamedCommit = std::pair<ObjectId, Commit>;

// Returns a line for each commit that is missing between others or does not follow the commit that
// it names, and for each pack that a commit names and that is neither in `packs` nor condemned.
std::vector<std::string> find_breaks(std::vector<NamedCommit> commits,
                                     const std::set<PackName>& packs);

// The snapshots that exist after all these commits, by id. Those of older commits have no sequence.
std::map<ObjectId, SnapshotLine> living_snapshots(std::vector<NamedCommit> commits,
                                                  const Keys& keys);

// The pins that exist after all these commits: when each ends, by snapshot. Dropped snapshots have
// no pin.
std::map<ObjectId, std::chrono::sys_seconds> living_pins(std::vector<NamedCommit> commits);

// The extensions that exist after all these commits.
std::vector<Extension> living_extensions(std::vector<NamedCommit> commits);

// The place of each snapshot's last line among the lines of all commits, in their order.
std::map<ObjectId, std::size_t> line_places(std::vector<NamedCommit> commits, const Keys& keys);

// Gives a sequence to those without one, by time and, in the same second, by `places`: below the
// lowest of their account.
void number_lines(std::map<ObjectId, SnapshotLine>& lines,
                  const std::map<ObjectId, std::size_t>& places);

}  // namespace store
