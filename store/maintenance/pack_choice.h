// Which packs prune rewrites, as a pure function of how they are used.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "store/format/pack.h"

namespace store {

struct PackUse {
  std::uint64_t size = 0;  // of the file; all others are bytes before compression
  std::uint64_t object_bytes = 0;
  std::uint64_t living_bytes = 0;
  std::uint64_t commit_bytes = 0;  // of commits that count until there is a new checkpoint
  Effort effort = Effort::kFast;
  bool is_condemned = false;
};

struct ChoiceLimits {
  std::uint64_t dead_percent = 20;  // from here on a pack is rewritten; 0: if anything is dead
  std::uint64_t small_size = std::uint64_t{32} << 20;        // packs below it are put together
  std::uint64_t most_recompressed = std::uint64_t{4} << 30;  // bytes of packs, a run
};

enum class PackFate {
  kKeep,
  kRewrite,  // what lives in it goes to a new pack, and it is condemned
  kCondemn,  // nothing lives in it
};

struct PackChoice {
  PackFate fate = PackFate::kKeep;
  std::string reason;  // for people; never empty
};

// In the order of `packs`, which are by age. A store in which nothing was done since it was pruned
// is left alone. Of condemned packs those are rewritten in which something lives.
std::vector<PackChoice> choose_packs(std::span<const PackUse> packs, const ChoiceLimits& limits);

}  // namespace store
