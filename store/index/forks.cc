#include "store/index/forks.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "store/format/commit_branches.h"

namespace store {

namespace {

std::map<ObjectId, CommitRank> ranks_from(CommitLog& log, std::uint64_t number) {
  std::map<ObjectId, CommitRank> ranks;
  for (const CommitRecord& record : log.after(number - std::min<std::uint64_t>(number, 1))) {
    CommitRank& rank = ranks[record.commit];
    rank = std::max(rank, CommitRank{.epoch = record.epoch, .host = record.host});
  }
  return ranks;
}

std::set<ObjectId> losing_in(std::span<const FoundPack> found, CommitLog& log) {
  std::vector<ChainLink> links;
  std::map<std::uint64_t, ObjectId> ids;
  std::optional<std::uint64_t> lowest;  // of the numbers that several commits have
  for (const FoundPack& pack : found) {
    for (const auto& [id, commit] : pack.commits) {
      links.push_back({.id = id, .previous = commit.previous, .number = commit.number, .rank = {}});
      const auto [same, is_new] = ids.emplace(commit.number, id);
      if (is_new || same->second == id) continue;
      lowest = std::min(lowest.value_or(commit.number), commit.number);
    }
  }
  if (!lowest) return {};
  const std::map<ObjectId, CommitRank> ranks = ranks_from(log, *lowest);
  for (ChainLink& link : links) {
    if (const auto rank = ranks.find(link.id); rank != ranks.end()) link.rank = rank->second;
  }
  return losing_commits(std::move(links));
}

// The checkpoints that count.
struct Checkpoints {
  std::uint64_t highest = 0;                     // number
  std::map<PackName, std::uint64_t> highest_of;  // of those that name or condemn the pack

  void add(const Commit& checkpoint) {
    highest = std::max(highest, checkpoint.number);
    for (const PackName& pack : checkpoint.packs) add(pack, checkpoint.number);
    for (const CondemnedPack& pack : checkpoint.condemned) add(pack.pack, checkpoint.number);
  }
  void add(const PackName& pack, std::uint64_t number) {
    std::uint64_t& known = highest_of[pack];
    known = std::max(known, number);
  }

  // Whether one after this number does so.
  bool has_joined(const PackName& pack, std::uint64_t number) const {
    const auto known = highest_of.find(pack);
    return known != highest_of.end() && known->second > number;
  }
};

Checkpoints checkpoints_in(std::span<const FoundPack> found, const std::set<ObjectId>& losing) {
  Checkpoints checkpoints;
  for (const FoundPack& pack : found) {
    for (const auto& [id, commit] : pack.commits) {
      if (commit.is_checkpoint && !losing.contains(id)) checkpoints.add(commit);
    }
  }
  return checkpoints;
}

// Whether others are recorded in its place.
bool has_recorded_rival(const FoundPack& pack, CommitLog& log) {
  const std::vector<CommitRecord> records = log.of(pack.commits.front().second.number);
  return std::ranges::any_of(records, [&](const auto& record) { return pack.is_in(record); }) &&
         !std::ranges::all_of(records, [&](const auto& record) { return pack.is_in(record); });
}

}  // namespace

std::set<PackName> forked_packs(std::span<const FoundPack> found, CommitLog& log) {
  const std::set<ObjectId> losing = losing_in(found, log);
  const Checkpoints checkpoints = checkpoints_in(found, losing);
  std::set<PackName> forked;
  for (const FoundPack& pack : found) {
    if (pack.commits.empty() || checkpoints.has_joined(pack.name, pack.order())) continue;
    const bool loses = losing.contains(pack.commits.front().first);
    // Its rival's pack may be gone, which a checkpoint condemned that does not know of this one.
    const bool is_passed = checkpoints.highest > pack.order();
    if (loses || (is_passed && has_recorded_rival(pack, log))) forked.insert(pack.name);
  }
  return forked;
}

std::vector<std::vector<CommitRecord>> open_forks(CommitLog& log, Index& index) {
  std::vector<std::vector<CommitRecord>> forks = log.forks(0);
  if (forks.empty()) return forks;
  const std::uint64_t oldest = index.oldest_commit();
  const std::vector<PackName> packs = index.packs();
  const std::set<PackName> known(packs.begin(), packs.end());
  // The checkpoint from which on the index has commits names all packs that it knows.
  const auto is_joined = [&](const CommitRecord& record) {
    return record.number < oldest &&
           (!known.contains(record.pack) || index.named_by(record.pack) == oldest);
  };
  std::erase_if(forks, [&](const auto& fork) { return std::ranges::all_of(fork, is_joined); });
  return forks;
}

bool is_off_chain(const NamedCommit& commit, const PackName& pack, Index& index) {
  const std::uint64_t oldest = index.oldest_commit();
  if (commit.second.number < oldest) return index.named_by(pack) != oldest;
  return index.commit_id(commit.second.number) != commit.first;
}

std::string describe_fork(const std::vector<CommitRecord>& fork, const Storage& storage) {
  return fmt::format(
      "commit {}: {} different ones have this number, in the packs {} and {}: several hosts wrote "
      "to store {} at the same time: let only one write to it, and run mailstow-backupd check "
      "--repair there, which joins them",
      fork.front().number, fork.size(), fork[0].pack.hex(), fork[1].pack.hex(),
      storage.display_name());
}

}  // namespace store
