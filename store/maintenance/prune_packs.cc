#include "store/maintenance/prune_packs.h"

#include <algorithm>
#include <utility>

namespace store {

PrunePacks::PrunePacks(WriteSession& session, const Marks& marks, MarkedObjects& marked,
                       Marking& marking)
    : session_(session), marks_(marks), marked_(marked), marking_(marking) {}

void PrunePacks::choose(const ChoiceLimits& limits, const std::set<PackName>& kept) {
  rows_ = session_.index().pack_rows();
  std::set<std::int64_t> condemned_rows;
  for (const Index::CondemnedRow& condemned : session_.index().condemned_rows()) {
    condemned_rows.insert(condemned.row);
  }
  std::map<std::int64_t, std::uint64_t> commit_bytes;
  for (const ObjectId& id : session_.index().commits()) {
    if (const auto place = session_.index().find(ObjectType::kCommit, id)) {
      commit_bytes[pack_of(place->block)] += place->length;
    }
  }
  uses_.reserve(rows_.size());
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Index::PackRow& pack = rows_[i];
    places_[pack.row] = i;
    uses_.push_back({.size = pack.size,
                     .object_bytes = pack.object_bytes,
                     .living_bytes = marks_.bytes_in(pack.row),
                     .commit_bytes = commit_bytes[pack.row],
                     .effort = pack.effort,
                     .is_condemned = condemned_rows.contains(pack.row)});
  }
  choices_ = choose_packs(uses_, limits);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (!kept.contains(rows_[i].name) || choices_[i].fate == PackFate::kKeep) continue;
    choices_[i] = {.fate = PackFate::kKeep, .reason = "a commit that may still count names it"};
  }
}

bool PrunePacks::has_only_commits(std::size_t pack) const {
  return uses_[pack].object_bytes <= uses_[pack].commit_bytes;
}

std::uint64_t PrunePacks::commit_bytes() const {
  std::uint64_t bytes = 0;
  for (const PackUse& use : uses_) bytes += use.commit_bytes;
  return bytes;
}

void PrunePacks::replace(std::span<const std::size_t> packs) {
  replaced_.insert(packs.begin(), packs.end());
}

void PrunePacks::keep(std::span<const std::size_t> packs) {
  for (const std::size_t pack : packs) replaced_.erase(pack);
}

void PrunePacks::find_needed() {
  needed_.clear();
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (!uses_[i].is_condemned && !replaced_.contains(i) && !is_dead(i)) kept.push_back(i);
  }
  while (!kept.empty()) {
    const std::size_t pack = kept.back();
    kept.pop_back();
    for (const std::int64_t row : needs_of_dead(pack)) {
      const auto place = places_.find(row);
      if (place == places_.end() || !needed_.insert(place->second).second) continue;
      const std::size_t needed = place->second;
      if (is_dead(needed) && !replaced_.contains(needed)) kept.push_back(needed);
    }
  }
}

// The rows of the packs that have parts of its dead messages.
const std::set<std::int64_t>& PrunePacks::needs_of_dead(std::size_t pack) {
  const auto known = needs_.find(pack);
  if (known != needs_.end()) return known->second;
  return needs_.emplace(pack, marking_.packs_needed_by_dead(marked_, rows_[pack])).first->second;
}

bool PrunePacks::is_needed(const Index::CondemnedRow& condemned) const {
  const auto place = places_.find(condemned.row);
  if (place == places_.end() || replaced_.contains(place->second)) return false;
  return marks_.bytes_in(condemned.row) > 0 || needed_.contains(place->second);
}

std::vector<std::size_t> PrunePacks::free_packs() const {
  std::vector<std::size_t> packs;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (is_dead(i) && !replaced_.contains(i) && !needed_.contains(i)) packs.push_back(i);
  }
  return packs;
}

std::vector<RewriteCandidate> PrunePacks::candidates() const {
  std::vector<RewriteCandidate> candidates;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (replaced_.contains(i)) continue;
    if (choices_[i].fate == PackFate::kRewrite) {
      const std::uint64_t marked_since = marks_.bytes_in(rows_[i].row) - uses_[i].living_bytes;
      candidates.push_back({.pack = i,
                            .size = rows_[i].size,
                            .new_size = choices_[i].new_size + marked_since,
                            .is_spare = choices_[i].is_spare,
                            .objects = marks_.objects_in(rows_[i].row)});
    } else if (is_dead(i) && needed_.contains(i)) {
      // An unknown part of it has to be copied.
      candidates.push_back({.pack = i, .size = rows_[i].size, .new_size = rows_[i].size});
    }
  }
  return candidates;
}

std::uint64_t PrunePacks::bytes_to_copy() const {
  std::uint64_t bytes = 0;
  for (const RewriteCandidate& candidate : candidates()) {
    bytes += marks_.bytes_in(rows_[candidate.pack].row);
  }
  return bytes;
}

std::uint64_t PrunePacks::marked_bytes(std::span<const std::size_t> packs) const {
  std::uint64_t bytes = 0;
  for (const std::size_t pack : packs) bytes += marks_.bytes_in(rows_[pack].row);
  return bytes;
}

void PrunePacks::mark_parts_of_dead(std::span<const std::size_t> batch) {
  std::set<std::int64_t> within;
  for (const std::size_t i : batch) within.insert(rows_[i].row);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (uses_[i].is_condemned || replaced_.contains(i)) continue;
    const std::set<std::int64_t>& needs = needs_of_dead(i);
    const auto is_within = [&](std::int64_t row) { return within.contains(row); };
    if (std::ranges::any_of(needs, is_within)) {
      marking_.add_parts_of_dead(marked_, rows_[i], within);
    }
  }
}

void PrunePacks::describe(PruneReport& report, PruneMode mode) {
  const bool is_plan = mode == PruneMode::kPlan;
  if (is_plan) {
    find_needed();
    for (const std::size_t i : free_packs()) replaced_.insert(i);
  }
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    PackChoice choice = choices_[i];
    const bool is_replaced = replaced_.contains(i);
    if (is_dead(i) && !is_replaced && needed_.contains(i)) {
      choice.reason = "a message in another pack needs it";
    }
    if (choice.fate == PackFate::kRewrite && is_replaced) ++report.rewritten;
    if (choice.fate != PackFate::kKeep && !is_replaced) leave(i, choice, report);
    if (uses_[i].is_condemned) continue;
    if (is_plan && is_replaced) {
      ++report.condemned;
      report.condemned_bytes += rows_[i].size;
    }
    report.packs.push_back(
        {.name = rows_[i].name, .size = rows_[i].size, .choice = std::move(choice)});
  }
}

// Changes the choice to what happened: the pack stays.
void PrunePacks::leave(std::size_t pack, PackChoice& choice, PruneReport& report) const {
  if (choice.fate == PackFate::kRewrite && choice.is_spare) {
    ++report.not_recompressed;
    choice.reason += ", once room is plenty";
  } else if (choice.fate == PackFate::kRewrite || needed_.contains(pack)) {
    ++report.left;
    report.left_bytes += rows_[pack].size;
    choice.reason += ", but there is no room to rewrite it";
  } else {
    choice = {.fate = PackFate::kKeep, .reason = "it contains the last commits"};
  }
  choice.fate = PackFate::kKeep;
}

}  // namespace store
