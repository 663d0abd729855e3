// The packs of a store as a prune finds them, and what its steps do with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "store/index/index.h"
#include "store/maintenance/marking.h"
#include "store/maintenance/marks.h"
#include "store/maintenance/pack_choice.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/rewrite_choice.h"
#include "store/write_session.h"

namespace store {

// A number below is a pack's position by age, from 0.
//
// For one thread. Fails like Marking.
class PrunePacks {
 public:
  // All arguments must outlive it.
  PrunePacks(WriteSession& session, const Marks& marks, MarkedObjects& marked, Marking& marking);

  // To be called once, when all living objects are marked: chooses the fate of each pack. Those of
  // `kept` stay as they are.
  void choose(const ChoiceLimits& limits, const std::set<PackName>& kept);

  const Index::PackRow& row(std::size_t pack) const { return rows_[pack]; }
  std::int64_t newest_row() const { return rows_.empty() ? 0 : rows_.back().row; }
  bool has_only_commits(std::size_t pack) const;

  // Of the commits since the last checkpoint, before compression: more than the next checkpoint
  // takes, usually several times, so that it fits for certain.
  std::uint64_t commit_bytes() const;

  // The packs that steps replace; they are kept again if the step did not come to its commit.
  void replace(std::span<const std::size_t> packs);
  void keep(std::span<const std::size_t> packs);

  // Every pack that this step does not condemn may be the last one that changes, and a backup that
  // finds a message stored trusts that its parts exist as well: so the dead packs that a record in
  // a remaining pack needs, living or dead, remain too, and then also those that they need.
  void find_needed();
  bool is_needed(const Index::CondemnedRow& condemned) const;

  // The dead packs that nothing remaining needs, and those that could be rewritten: as of the last
  // find_needed().
  std::vector<std::size_t> free_packs() const;
  std::vector<RewriteCandidate> candidates() const;

  // The bytes that rewriting all of these candidates copies, before compression.
  std::uint64_t bytes_to_copy() const;

  // The marked bytes in these packs, before compression.
  std::uint64_t marked_bytes(std::span<const std::size_t> packs) const;

  // Marks the parts in `batch` that dead records in remaining packs need. From then on they count
  // in the sizes of candidates().
  void mark_parts_of_dead(std::span<const std::size_t> batch);

  // Adds what became of each pack; in a plan, of those that the steps would replace too.
  void describe(PruneReport& report, PruneMode mode);

 private:
  bool is_dead(std::size_t pack) const { return choices_[pack].fate == PackFate::kCondemn; }
  const std::set<std::int64_t>& needs_of_dead(std::size_t pack);
  void leave(std::size_t pack, PackChoice& choice, PruneReport& report) const;

  WriteSession& session_;
  const Marks& marks_;
  MarkedObjects& marked_;
  Marking& marking_;
  std::vector<Index::PackRow> rows_;
  std::map<std::int64_t, std::size_t> places_;           // PackRow::row -> the pack
  std::vector<PackUse> uses_;                            // of rows_
  std::vector<PackChoice> choices_;                      // of rows_
  std::map<std::size_t, std::set<std::int64_t>> needs_;  // see needs_of_dead()
  std::set<std::size_t> needed_;                         // by dead records that remain
  std::set<std::size_t> replaced_;                       // by the steps so far
};

}  // namespace store
