// Forks: commits with one number, by hosts that wrote to one store at the same time
// (docs/pack-format.md, "Forks"). Only storages that can't create a name once have them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "store/format/commit_chain.h"
#include "store/format/commit_record.h"
#include "store/format/pack.h"
#include "store/index/commit_log.h"
#include "store/index/index.h"
#include "store/storage/storage.h"

namespace store {

// A pack whose trailer and commits have been read.
struct FoundPack {
  PackName name;
  std::optional<Pack> contents;  // as far as memory allows
  std::vector<NamedCommit> commits;

  // Packs without commits first: a commit that refers to them must find them.
  std::uint64_t order() const { return commits.empty() ? 0 : commits.back().second.number; }

  // Whether the record is about these commits.
  bool is_in(const CommitRecord& record) const { return commits.back().first == record.commit; }
};

// Of these packs, those with commits that lost a fork which no checkpoint joins: their snapshots
// count, and nothing else that they say. A checkpoint joins a fork by naming these packs, or by
// condemning them. Fails like the log.
std::set<PackName> forked_packs(std::span<const FoundPack> found, CommitLog& log);

// The records of each fork that no checkpoint in the index joins. Fails like both.
std::vector<std::vector<CommitRecord>> open_forks(CommitLog& log, Index& index);

// While there are open forks: whether a commit in a pack that the index knows lost one.
bool is_off_chain(const NamedCommit& commit, const PackName& pack, Index& index);

// The damage that a fork is, as a line.
std::string describe_fork(const std::vector<CommitRecord>& fork, const Storage& storage);

}  // namespace store
