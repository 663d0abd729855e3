#include "store/maintenance/rewrite_choice.h"

#include <algorithm>

namespace store {

namespace {

// The commit, and the index's growth if it is on the same disk.
constexpr std::uint64_t kRoomForCommit = std::uint64_t{1} << 20;

constexpr std::uint64_t kMaxStep = std::uint64_t{4} << 30;

// Bytes freed for each byte written.
double gain(const RewriteCandidate& candidate) {
  const std::uint64_t freed = candidate.size - std::min(candidate.size, candidate.new_size);
  return static_cast<double>(freed) / (static_cast<double>(candidate.new_size) + 1);
}

}  // namespace

std::vector<std::size_t> choose_rewrites(std::vector<RewriteCandidate> candidates,
                                         std::uint64_t room) {
  std::ranges::stable_sort(candidates, [](const auto& one, const auto& other) {
    if (one.is_spare != other.is_spare) return other.is_spare;
    return !one.is_spare && gain(one) > gain(other);
  });
  // The sizes are estimates.
  std::uint64_t left = (room - std::min(room, kRoomForCommit)) / 8 * 7;
  std::uint64_t step = 0;
  bool all_chosen = true;
  std::vector<std::size_t> chosen;
  for (const RewriteCandidate& candidate : candidates) {
    const bool fits =
        candidate.is_spare ? candidate.new_size <= left / 2 : candidate.new_size <= left;
    if (!fits || (candidate.is_spare && !all_chosen)) {
      all_chosen = false;
      continue;
    }
    if (step > 0 && step + candidate.new_size > kMaxStep) break;
    chosen.push_back(candidate.pack);
    left -= candidate.new_size;
    step += candidate.new_size;
  }
  return chosen;
}

}  // namespace store
