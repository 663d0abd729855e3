// Sets of UIDs in the format of commands and responses (RFC 9051, sequence-set): "1:5,7", "1:*".
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/uid.h"

namespace imap {

inline constexpr base::Uid kMaxUid{std::numeric_limits<std::uint32_t>::max()};

// Both ends are included; first <= last.
struct UidRange {
  base::Uid first;
  base::Uid last;
  bool operator==(const UidRange&) const = default;
};

class UidSet {
 public:
  UidSet() = default;
  UidSet(const UidSet&) = default;
  UidSet& operator=(const UidSet&) = default;
  UidSet(UidSet&& other) noexcept { swap(other); }  // leaves `other` empty
  UidSet& operator=(UidSet&& other) noexcept {
    UidSet(std::move(other)).swap(*this);
    return *this;
  }
  ~UidSet() = default;

  // In any order, possibly with duplicates. 0, which is not a UID, is ignored.
  explicit UidSet(std::span<const base::Uid> uids);

  // The same with ranges, whose ends may be swapped.
  explicit UidSet(std::vector<UidRange> ranges);

  // 1:*
  static UidSet all();

  // `*` is read as the largest possible UID; the ends of ranges may be swapped. Returns nullopt if
  // the text is not a sequence-set, or contains a UID of 0 or of more than 32 bits.
  static std::optional<UidSet> parse(std::string_view text);

  // Returns false if the set contained all of it. Fastest in ascending or descending order.
  bool add(base::Uid uid) { return add({uid, uid}); }
  bool add(UidRange range);

  bool contains(base::Uid uid) const;
  bool empty() const { return ranges().empty(); }
  std::uint64_t count() const;

  // In ascending order, with gaps between them.
  std::span<const UidRange> ranges() const { return std::span(ranges_).subspan(gap_); }

  // The UIDs in this set that are not in `other`.
  UidSet without(const UidSet& other) const;

  // "" if empty. Only 1:* is written with `*`: 9:* would include the last message even if its UID
  // is 5.
  std::string text() const;

  // In ascending order, each with a text of at most `max_text` bytes (at least 21: one range), so
  // that a command stays below a server's line limit.
  std::vector<UidSet> split(std::size_t longest_text) const;

  bool operator==(const UidSet& other) const;

  // Iterates over the single UIDs in ascending order.
  class Iterator {
   public:
    using value_type = base::Uid;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using pointer = const base::Uid*;
    using reference = base::Uid;

    Iterator() = default;
    Iterator(const UidRange* range, const UidRange* end)
        : range_(range), end_(end), uid_(range == end ? base::Uid{} : range->first) {}
    base::Uid operator*() const { return uid_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(const Iterator&) const = default;

   private:
    const UidRange* range_ = nullptr;
    const UidRange* end_ = nullptr;
    base::Uid uid_;  // 0 at the end
  };
  Iterator begin() const { return {ranges_.data() + gap_, ranges_.data() + ranges_.size()}; }
  Iterator end() const {
    return {ranges_.data() + ranges_.size(), ranges_.data() + ranges_.size()};
  }

 private:
  using Position = std::vector<UidRange>::iterator;
  Position first() { return ranges_.begin() + static_cast<std::ptrdiff_t>(gap_); }
  void insert(Position before, UidRange range);
  void swap(UidSet& other) noexcept {
    ranges_.swap(other.ranges_);
    std::swap(gap_, other.gap_);
  }

  // The first `gap_` elements are unused: room to insert near the front without moving all others.
  std::vector<UidRange> ranges_;
  std::size_t gap_ = 0;
};

}  // namespace imap
