// The rows of messages in the search index, as far as they are recent.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace store {

// Rows that were added or found of late, by key: a group comes soon after its messages, and looking
// for one in the database takes a hundred times as long.
class RecentRows {
 public:
  void add(std::uint64_t key, std::int64_t row) { slots_[key % kSlots] = {key, row}; }

  std::optional<std::int64_t> find(std::uint64_t key) const {
    const Slot& slot = slots_[key % kSlots];
    if (slot.row == 0 || slot.key != key) return std::nullopt;
    return slot.row;
  }

  void clear() { std::ranges::fill(slots_, Slot{}); }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::int64_t row = 0;  // 0: unused
  };
  static constexpr std::size_t kSlots = std::size_t{64} << 10;  // 1 MiB

  std::vector<Slot> slots_ = std::vector<Slot>(kSlots);
};

}  // namespace store
