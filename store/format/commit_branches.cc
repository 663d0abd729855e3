#include "store/format/commit_branches.h"

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>

namespace store {

namespace {

// Decides between branches: the one counts that has the commit with the highest weight.
struct Weight {
  CommitRank rank;
  std::uint64_t number = 0;
  ObjectId id;
  auto operator<=>(const Weight&) const = default;
};

using Weights = std::map<ObjectId, Weight>;

void raise(Weights& weights, const ObjectId& id, const Weight& weight) {
  const auto [known, is_new] = weights.emplace(id, weight);
  if (!is_new && known->second < weight) known->second = weight;
}

// `links` from the newest to the oldest.
Weights weigh(const std::vector<ChainLink>& links) {
  Weights weights;
  for (const ChainLink& link : links) {
    raise(weights, link.id, {.rank = link.rank, .number = link.number, .id = link.id});
    const Weight weight = weights.at(link.id);
    raise(weights, link.previous, weight);
  }
  return weights;
}

}  // namespace

std::set<ObjectId> losing_commits(std::vector<ChainLink> links) {
  std::ranges::stable_sort(links, std::greater<>(), &ChainLink::number);
  const Weights weights = weigh(links);
  std::set<ObjectId> losing;
  for (auto end = links.rbegin(); end != links.rend();) {
    const auto begin = end;
    const ChainLink* best = nullptr;
    for (; end != links.rend() && end->number == begin->number; ++end) {
      if (losing.contains(end->previous)) continue;
      if (best == nullptr || weights.at(best->id) < weights.at(end->id)) best = &*end;
    }
    for (auto link = begin; link != end; ++link) {
      if (best == nullptr || link->id != best->id) losing.insert(link->id);
    }
  }
  return losing;
}

bool makes_snapshots(const std::vector<NamedCommit>& series) {
  if (series.empty()) return false;
  const Commit& first = series.front().second;
  return !first.is_checkpoint && first.dropped.empty();
}

std::map<ObjectId, SnapshotLine> lines_of_losing(const std::vector<NamedCommit>& losing,
                                                 const std::vector<NamedCommit>& others,
                                                 const Keys& keys) {
  std::map<ObjectId, SnapshotLine> lines;
  for (const auto& [id, commit] : losing) {
    for (const SnapshotLine& line : commit.snapshots) lines[snapshot_id(keys, line)] = line;
  }
  for (const auto& [id, commit] : others) {
    for (const ObjectId& dropped : commit.dropped) lines.erase(dropped);
  }
  return lines;
}

void add_pins_of_losing(const std::vector<NamedCommit>& losing,
                        std::map<ObjectId, std::chrono::sys_seconds>& ends) {
  for (const auto& [id, commit] : losing) {
    for (const Pin& pin : commit.pins) {
      if (pin.until == std::chrono::sys_seconds()) continue;  // the end of one
      std::chrono::sys_seconds& end = ends[pin.snapshot];
      end = std::max(end, pin.until);
    }
  }
}

void separate_sequences(std::map<ObjectId, SnapshotLine>& lines) {
  std::map<std::string, std::vector<std::pair<ObjectId, SnapshotLine*>>> accounts;
  for (auto& [id, line] : lines) {
    if (line.sequence != 0) accounts[line.account].emplace_back(id, &line);
  }
  for (auto& [account, of_account] : accounts) {
    std::ranges::sort(of_account, {}, [](const auto& entry) {
      return std::tuple(entry.second->sequence, entry.second->time, entry.first);
    });
    std::uint64_t last = 0;
    for (auto& [id, line] : of_account) {
      line->sequence = std::max(line->sequence, last + 1);
      last = line->sequence;
    }
  }
}

}  // namespace store
