#include "store/maintenance/rewrite_choice.h"

#include <algorithm>

namespace store {

namespace {

// The commit, and the index's growth if it is on the same disk.
constexpr std::uint64_t kRoomForCommit = std::uint64_t{1} << 20;

// The pages of the index that a moved object changes, which go to its log first.
constexpr std::uint64_t kIndexBytesPerObject = std::uint64_t{8} << 10;

constexpr std::uint64_t kMaxStep = std::uint64_t{4} << 30;

// Bytes freed for each byte written.
double gain(const RewriteCandidate& candidate) {
  const std::uint64_t freed = candidate.size - std::min(candidate.size, candidate.new_size);
  return static_cast<double>(freed) / (static_cast<double>(candidate.new_size) + 1);
}

// The sizes are estimates.
std::uint64_t room_for_copies(std::uint64_t room) {
  return (room - std::min(room, kRoomForCommit)) / 8 * 7;
}

}  // namespace

std::vector<std::size_t> choose_rewrites(std::vector<RewriteCandidate> candidates,
                                         std::uint64_t room) {
  std::ranges::stable_sort(candidates, [](const auto& one, const auto& other) {
    if (one.is_spare != other.is_spare) return other.is_spare;
    return !one.is_spare && gain(one) > gain(other);
  });
  std::uint64_t left = room_for_copies(room);
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

std::vector<std::size_t> choose_for_reserve(std::vector<RewriteCandidate> candidates,
                                            std::uint64_t room) {
  std::erase_if(candidates, [](const RewriteCandidate& candidate) {
    return candidate.is_spare || candidate.new_size >= candidate.size;
  });
  std::ranges::stable_sort(
      candidates, [](const auto& one, const auto& other) { return gain(one) > gain(other); });
  std::uint64_t left = room_for_copies(room);
  std::vector<std::size_t> chosen;
  for (const RewriteCandidate& candidate : candidates) {
    const std::uint64_t needed = candidate.new_size + candidate.objects * kIndexBytesPerObject;
    if (needed > left) continue;
    chosen.push_back(candidate.pack);
    left -= needed;
  }
  return chosen;
}

}  // namespace store
