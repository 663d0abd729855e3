#include "store/format/commit_chain.h"

#include <algorithm>
#include <chrono>
#include <ranges>

#include <fmt/core.h>

namespace store {

namespace {

void sort_by_number(std::vector<NamedCommit>& commits) {
  std::ranges::sort(commits, {}, [](const NamedCommit& commit) { return commit.second.number; });
}

using NumbersOfCommits = std::map<ObjectId, std::uint64_t>;

// Whether it follows one of these. Its number may be higher than the next one: the first commit
// after a fork has a higher number than all branches, but follows the one that counts.
bool follows_any(const Commit& commit, const NumbersOfCommits& before) {
  if (commit.number == 1) return true;
  const auto previous = before.find(commit.previous);
  return previous != before.end() && previous->second < commit.number;
}

}  // namespace

std::vector<std::string> find_breaks(std::vector<NamedCommit> commits,
                                     const std::set<PackName>& packs) {
  sort_by_number(commits);
  std::vector<std::string> breaks;
  std::set<PackName> condemned;
  for (const auto& [id, commit] : commits) {
    for (const CondemnedPack& pack : commit.condemned) condemned.insert(pack.pack);
  }
  NumbersOfCommits before;
  std::uint64_t expected = 1;
  for (const auto& [id, commit] : commits) {
    if (commit.is_checkpoint) {
      // Earlier commits are not needed. The one before may be deleted, while one remains that lost
      // a fork and has its number.
      breaks.clear();
    } else if (commit.number < expected || !follows_any(commit, before)) {
      if (commit.number > expected) {
        breaks.push_back(fmt::format("commits {} to {} are missing", expected, commit.number - 1));
      } else if (!before.empty()) {
        breaks.push_back(
            fmt::format("commit {}: it names a different previous commit", commit.number));
      }
    }
    before.emplace(id, commit.number);
    expected = commit.number + 1;
    for (const PackName& pack : commit.packs) {
      if (packs.contains(pack) || condemned.contains(pack)) continue;
      breaks.push_back(
          fmt::format("pack {}: named by commit {}, but missing or unknown to "
                      "the index",
                      pack.hex(), commit.number));
    }
  }
  return breaks;
}

std::map<ObjectId, SnapshotLine> living_snapshots(std::vector<NamedCommit> commits,
                                                  const Keys& keys) {
  sort_by_number(commits);
  std::map<ObjectId, SnapshotLine> living;
  for (const auto& [id, commit] : commits) {
    if (commit.is_checkpoint) living.clear();
    for (const SnapshotLine& line : commit.snapshots) {
      SnapshotLine& known = living[snapshot_id(keys, line)];
      const std::uint64_t sequence = std::max(known.sequence, line.sequence);
      known = line;
      known.sequence = sequence;
    }
    for (const ObjectId& dropped : commit.dropped) living.erase(dropped);
  }
  return living;
}

std::map<ObjectId, std::chrono::sys_seconds> living_pins(std::vector<NamedCommit> commits) {
  sort_by_number(commits);
  std::map<ObjectId, std::chrono::sys_seconds> living;
  for (const auto& [id, commit] : commits) {
    if (commit.is_checkpoint) living.clear();
    for (const Pin& pin : commit.pins) living[pin.snapshot] = pin.until;
    for (const ObjectId& dropped : commit.dropped) living.erase(dropped);
  }
  std::erase_if(living, [](const auto& pin) { return pin.second == std::chrono::sys_seconds(); });
  return living;
}

std::vector<Extension> living_extensions(std::vector<NamedCommit> commits) {
  sort_by_number(commits);
  std::vector<Extension> living;
  for (const auto& [id, commit] : commits) {
    if (commit.is_checkpoint) living.clear();
    living = merged(living, commit.extensions);
  }
  return living;
}

std::map<ObjectId, std::size_t> line_places(std::vector<NamedCommit> commits, const Keys& keys) {
  sort_by_number(commits);
  std::map<ObjectId, std::size_t> places;
  std::size_t place = 0;
  for (const auto& [id, commit] : commits) {
    for (const SnapshotLine& line : commit.snapshots) places[snapshot_id(keys, line)] = place++;
  }
  return places;
}

void number_lines(std::map<ObjectId, SnapshotLine>& lines,
                  const std::map<ObjectId, std::size_t>& places) {
  struct Unnumbered {
    std::chrono::sys_seconds time;
    std::size_t place = 0;
    SnapshotLine* line = nullptr;
  };
  struct Account {
    std::vector<Unnumbered> unnumbered;
    std::uint64_t lowest = 0;  // 0: no line has a sequence
  };
  std::map<std::string, Account> accounts;
  for (auto& [id, line] : lines) {
    Account& account = accounts[line.account];
    if (line.sequence == 0) {
      const auto place = places.find(id);
      account.unnumbered.push_back({line.time, place == places.end() ? 0 : place->second, &line});
    } else if (account.lowest == 0 || line.sequence < account.lowest) {
      account.lowest = line.sequence;
    }
  }
  for (auto& [name, account] : accounts) {
    std::ranges::stable_sort(account.unnumbered, {}, [](const Unnumbered& unnumbered) {
      return std::pair(unnumbered.time, unnumbered.place);
    });
    std::uint64_t next = account.lowest == 0 ? account.unnumbered.size() + 1 : account.lowest;
    for (const Unnumbered& unnumbered : std::views::reverse(account.unnumbered)) {
      next = std::max<std::uint64_t>(next, 2) - 1;
      unnumbered.line->sequence = next;
    }
  }
}

}  // namespace store
