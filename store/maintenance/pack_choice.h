// Chooses the packs that prune rewrites, as a pure function of their use.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "store/format/pack.h"

namespace store {

struct PackUse {
  std::uint64_t size = 0;  // of the file; all other sizes are bytes before compression
  std::uint64_t object_bytes = 0;
  std::uint64_t living_bytes = 0;
  std::uint64_t commit_bytes = 0;  // of commits that are needed until there is a new checkpoint
  Effort effort = Effort::kFast;
  bool is_condemned = false;
};

struct ChoiceLimits {
  std::uint64_t dead_percent = 20;  // a pack with this much dead data is rewritten; 0: with any
  std::uint64_t small_size = std::uint64_t{32} << 20;       // smaller packs are combined
  std::uint64_t max_recompressed = std::uint64_t{4} << 30;  // bytes of packs, in one run
};

enum class PackFate {
  kKeep,
  kRewrite,  // its living objects go to a new pack, and it is condemned
  kCondemn,  // it has no living objects
};

struct PackChoice {
  PackFate fate = PackFate::kKeep;
  std::string reason;  // for people; never empty
  // With kRewrite:
  std::uint64_t new_size = 0;  // of its living content in a new pack, approximately
  bool is_spare = false;       // it frees little: to be done only if there is plenty of room
};

// In the order of `packs`, which are sorted by age. A store that has not changed since it was
// pruned is left alone. Of the condemned packs, those with living objects are rewritten.
std::vector<PackChoice> choose_packs(std::span<const PackUse> packs, const ChoiceLimits& limits);

}  // namespace store
