// The branches of a chain of commits that several hosts have continued at the same time: which of
// them counts (docs/pack-format.md, "Forks").
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "store/format/commit_chain.h"
#include "store/format/object_id.h"
#include "store/format/owner_record.h"

namespace store {

// Who recorded a commit.
struct CommitRank {
  std::uint64_t epoch = 0;  // of the owner; 0: it has no record
  HostId host{};
  auto operator<=>(const CommitRank&) const = default;
};

// A commit, as far as its place in the chain depends on it.
struct ChainLink {
  ObjectId id;
  ObjectId previous;
  std::uint64_t number = 0;
  CommitRank rank;
};

// The commits that lose a fork. Of those with one number, the one counts that the newest owner
// recorded or has continued. The same commit may occur several times.
std::set<ObjectId> losing_commits(std::vector<ChainLink> links);

// Whether the snapshots of such commits count, which are all commits of one pack, oldest first: the
// lines of a checkpoint, and of commits that drop snapshots, repeat those of other commits.
bool makes_snapshots(const std::vector<NamedCommit>& series);

// The snapshots that `losing` adds to those that live after the other commits: all of its lines
// without those that another commit has dropped since. `losing`: only if makes_snapshots().
std::map<ObjectId, SnapshotLine> lines_of_losing(const std::vector<NamedCommit>& losing,
                                                 const std::vector<NamedCommit>& others,
                                                 const Keys& keys);

// Their pins, unless a later end is known.
void add_pins_of_losing(const std::vector<NamedCommit>& losing,
                        std::map<ObjectId, std::chrono::sys_seconds>& ends);

// Gives each snapshot of an account a sequence of its own, in the order that they have, by raising
// some. Lines without a sequence stay so.
void separate_sequences(std::map<ObjectId, SnapshotLine>& lines);

}  // namespace store
