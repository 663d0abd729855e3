// Chooses the packs that prune's next step rewrites, as pure functions of the room on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace store {

struct RewriteCandidate {
  std::size_t pack = 0;        // for the caller
  std::uint64_t size = 0;      // bytes that rewriting it frees after the grace period
  std::uint64_t new_size = 0;  // bytes that the new packs need for it, approximately
  bool is_spare = false;       // it frees little, so it waits until there is plenty of room
  std::uint64_t objects = 0;   // living ones, which move to the new packs
};

// Best gain first, as far as `room` bytes go; the spare ones once all others are chosen and twice
// their room is left. Returns the values of RewriteCandidate::pack. Limited per step, so that an
// interrupted prune loses little work.
std::vector<std::size_t> choose_rewrites(std::vector<RewriteCandidate> candidates,
                                         std::uint64_t room);

// The same for a disk on which only the reserve is left, `room` bytes of it (reserve.h): rewriting
// that frees more than it needs, with what the index may grow by on the same disk.
std::vector<std::size_t> choose_for_reserve(std::vector<RewriteCandidate> candidates,
                                            std::uint64_t room);

}  // namespace store
