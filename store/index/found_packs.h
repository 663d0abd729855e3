// The packs that catching up has read, and what their commits say together: which of them count,
// which packs they condemn, and which they need.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "store/format/commit_record.h"
#include "store/format/pack.h"
#include "store/index/commit_log.h"
#include "store/index/forks.h"

namespace store {

// For one thread. Fails like the log.
class FoundPacks {
 public:
  // The log must outlive it. `creates_once`: see StorageTraits.
  FoundPacks(CommitLog& log, bool creates_once) : log_(log), creates_once_(creates_once) {}

  void add(FoundPack pack) { packs_.push_back(std::move(pack)); }
  FoundPack& newest() { return packs_.back(); }

  // To be called after each change: finds out again which commits lost a fork.
  void note_forks();

  // Takes out the packs with commits that do not count. `known`: packs that the index had.
  void leave_out_losing(const std::set<PackName>& known);

  // Take out packs, and return them: those with commits after that number, as if these had never
  // been made; then those without commits that no remaining commit names.
  std::vector<FoundPack> leave_out_after(std::uint64_t number);
  std::vector<FoundPack> leave_out_unnamed();

  // In the order of their commits after sort().
  void sort();
  std::vector<FoundPack>& packs() { return packs_; }
  const std::vector<FoundPack>& packs() const { return packs_; }
  const std::vector<FoundPack>& losing() const { return losing_; }

  // The highest commit, or this one.
  std::uint64_t highest(std::uint64_t known) const;

  // Those with commits that lost a fork: only their snapshots count.
  const std::set<PackName>& forked() const { return forked_; }
  bool is_forked(const FoundPack& pack) const { return forked_.contains(pack.name); }

  // By commits that count.
  const std::set<PackName>& condemned() const { return condemned_; }
  // Only by commits that lost a fork.
  std::set<PackName> disputed() const;
  // By repairs.
  std::set<PackName> given_up() const;
  std::set<ObjectId> dropped() const;  // snapshots

  // The packs that the commits require: from the last checkpoint on.
  struct NamedPacks {
    std::uint64_t checkpoint = 0;  // its number
    std::set<PackName> packs;
  };
  NamedPacks named() const;

  // Whether snapshots have no sequence: they are numbered by comparing all of them.
  bool has_unnumbered() const;

  std::vector<CommitRecord> records_of(std::uint64_t number);

  // The packs of last commits that were read in packs of other names: either may be in the place
  // of the other. To be called after leave_out_losing().
  const std::set<PackName>& recorded_elsewhere() const { return recorded_elsewhere_; }

  void note_record(const CommitRecord& record) { with_record_.insert(record.commit); }
  // Whether a record of the commit has been seen; also if several commits without one have its
  // number, because none of these may then be recorded.
  bool is_recorded(const ObjectId& commit) const {
    return has_rivals_ || with_record_.contains(commit);
  }

 private:
  std::optional<PackName> find_losing(const std::set<PackName>& known);
  std::optional<PackName> find_rival(const FoundPack& first, const FoundPack& second,
                                     const std::set<PackName>& known);

  CommitLog& log_;
  bool creates_once_;
  std::vector<FoundPack> packs_;
  std::vector<FoundPack> losing_;
  std::set<PackName> forked_;
  std::set<PackName> condemned_;
  std::set<ObjectId> with_record_;
  std::set<PackName> recorded_elsewhere_;
  bool has_rivals_ = false;
};

}  // namespace store
