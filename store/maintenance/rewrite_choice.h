// Chooses the packs that prune's next step rewrites, as a pure function of the room on the disk.
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
};

// Best gain first, as far as `room` bytes go; the spare ones once all others are chosen and twice
// their room is left. Returns the values of RewriteCandidate::pack. Limited per step, so that an
// interrupted prune loses little work.
std::vector<std::size_t> choose_rewrites(std::vector<RewriteCandidate> candidates,
                                         std::uint64_t room);

}  // namespace store
