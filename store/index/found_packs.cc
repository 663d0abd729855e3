#include "store/index/found_packs.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace store {

void FoundPacks::sort() {
  std::ranges::stable_sort(packs_, {}, &FoundPack::order);
}

std::uint64_t FoundPacks::highest(std::uint64_t known) const {
  std::uint64_t highest = known;
  for (const FoundPack& pack : packs_) highest = std::max(highest, pack.order());
  return highest;
}

// Nothing that a commit condemns which does not count is condemned.
void FoundPacks::note_forks() {
  if (!creates_once_) forked_ = forked_packs(packs_, log_);
  condemned_.clear();
  for (const FoundPack& pack : packs_) {
    if (is_forked(pack)) continue;
    for (const auto& [id, commit] : pack.commits) {
      for (const CondemnedPack& condemned : commit.condemned) condemned_.insert(condemned.pack);
    }
  }
}

void FoundPacks::leave_out_losing(const std::set<PackName>& known) {
  bool has_lost = false;
  while (const std::optional<PackName> losing = find_losing(known)) {
    const auto pack = std::ranges::find(packs_, *losing, &FoundPack::name);
    pack->contents.reset();
    losing_.push_back(std::move(*pack));
    packs_.erase(pack);
    has_lost = true;
  }
  if (has_lost) note_forks();
}

// A commit that no other one follows counts only if a record of its number, if there is one, is
// about it. Where several commits may count, a listing may hide the record of one that is known.
std::optional<PackName> FoundPacks::find_losing(const std::set<PackName>& known) {
  std::set<ObjectId> followed;
  for (const FoundPack& pack : packs_) {
    for (const auto& [id, commit] : pack.commits) followed.insert(commit.previous);
  }
  std::map<std::uint64_t, const FoundPack*> unrecorded;
  recorded_elsewhere_.clear();
  for (const FoundPack& pack : packs_) {
    if (pack.commits.empty() || followed.contains(pack.commits.back().first)) continue;
    const std::uint64_t number = pack.commits.front().second.number;
    const std::vector<CommitRecord> records = records_of(number);
    const auto is_it = [&](const CommitRecord& record) { return pack.is_in(record); };
    const auto record = std::ranges::find_if(records, is_it);
    if (record != records.end()) {
      if (record->pack != pack.name) recorded_elsewhere_.insert(record->pack);
      continue;
    }
    const bool was_counted = !creates_once_ && known.contains(pack.name);
    if (!records.empty() && !was_counted) return pack.name;
    const auto [rival, is_first] = unrecorded.emplace(number, &pack);
    if (is_first || rival->second->commits.back().first == pack.commits.back().first) continue;
    if (const auto losing = find_rival(*rival->second, pack, known)) return losing;
  }
  return std::nullopt;
}

// Without a record, neither was acknowledged; but earlier versions wrote no records.
std::optional<PackName> FoundPacks::find_rival(const FoundPack& first, const FoundPack& second,
                                               const std::set<PackName>& known) {
  const bool is_first_known = !creates_once_ && known.contains(first.name);
  const bool is_second_known = !creates_once_ && known.contains(second.name);
  if (is_first_known && is_second_known) return std::nullopt;
  if (is_first_known) return second.name;
  if (is_second_known) return first.name;
  if (!log_.is_empty()) return std::max(first.name, second.name);
  has_rivals_ = true;
  return std::nullopt;
}

namespace {

// Takes out the packs for which `is_out` holds.
template <typename Condition>
std::vector<FoundPack> take_out(std::vector<FoundPack>& packs, const Condition& is_out) {
  std::vector<FoundPack> out;
  const auto rest = std::stable_partition(packs.begin(), packs.end(), std::not_fn(is_out));
  std::move(rest, packs.end(), std::back_inserter(out));
  packs.erase(rest, packs.end());
  return out;
}

}  // namespace

std::vector<FoundPack> FoundPacks::leave_out_after(std::uint64_t number) {
  std::vector<FoundPack> out =
      take_out(packs_, [&](const FoundPack& pack) { return pack.order() > number; });
  note_forks();
  return out;
}

std::vector<FoundPack> FoundPacks::leave_out_unnamed() {
  const std::set<PackName> needed = named().packs;
  return take_out(packs_, [&](const FoundPack& pack) {
    return pack.commits.empty() && !needed.contains(pack.name);
  });
}

std::set<PackName> FoundPacks::disputed() const {
  std::set<PackName> disputed;
  for (const FoundPack& pack : packs_) {
    if (!is_forked(pack)) continue;
    for (const auto& [id, commit] : pack.commits) {
      for (const CondemnedPack& condemned : commit.condemned) {
        if (!condemned_.contains(condemned.pack)) disputed.insert(condemned.pack);
      }
    }
  }
  return disputed;
}

std::set<PackName> FoundPacks::given_up() const {
  std::set<PackName> given_up;
  for (const FoundPack& pack : packs_) {
    if (is_forked(pack)) continue;
    for (const auto& [id, commit] : pack.commits) {
      for (const CondemnedPack& condemned : commit.condemned) {
        if (condemned.since == kNeverDeleted) given_up.insert(condemned.pack);
      }
    }
  }
  return given_up;
}

std::set<ObjectId> FoundPacks::dropped() const {
  std::set<ObjectId> dropped;
  for (const FoundPack& pack : packs_) {
    if (is_forked(pack)) continue;
    for (const auto& [id, commit] : pack.commits) {
      dropped.insert(commit.dropped.begin(), commit.dropped.end());
    }
  }
  return dropped;
}

FoundPacks::NamedPacks FoundPacks::named() const {
  NamedPacks named;
  std::map<std::uint64_t, const Commit*> commits;
  for (const FoundPack& pack : packs_) {
    for (const auto& [id, commit] : pack.commits) {
      if (is_forked(pack)) {
        named.packs.insert(commit.packs.begin(), commit.packs.end());
        continue;
      }
      commits[commit.number] = &commit;
      if (commit.is_checkpoint) named.checkpoint = std::max(named.checkpoint, commit.number);
    }
  }
  for (auto commit = commits.lower_bound(named.checkpoint); commit != commits.end(); ++commit) {
    named.packs.insert(commit->second->packs.begin(), commit->second->packs.end());
  }
  return named;
}

bool FoundPacks::has_unnumbered() const {
  const auto is_unnumbered = [](const SnapshotLine& line) { return line.sequence == 0; };
  return std::ranges::any_of(packs_, [&](const FoundPack& pack) {
    return std::ranges::any_of(pack.commits, [&](const auto& commit) {
      return std::ranges::any_of(commit.second.snapshots, is_unnumbered);
    });
  });
}

std::vector<CommitRecord> FoundPacks::records_of(std::uint64_t number) {
  std::vector<CommitRecord> records = log_.of(number);
  for (const CommitRecord& record : records) note_record(record);
  return records;
}

}  // namespace store
