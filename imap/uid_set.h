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

#include "base/mail/uid.h"

namespace imap {

inline constexpr base::Uid kMaxUid{std::numeric_limits<std::uint32_t>::max()};

// Both ends are included; first <= last.
struct UidRange {
  base::Uid first;
  base::Uid last;
  bool operator==(const UidRange&) const = default;
};

class UidSet {
  using Chunk = std::vector<UidRange>;

 public:
  class RangeIterator {
   public:
    using value_type = UidRange;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    using pointer = const UidRange*;
    using reference = const UidRange&;

    RangeIterator() = default;
    explicit RangeIterator(const Chunk* chunk) : chunk_(chunk) {}
    reference operator*() const { return (*chunk_)[at_]; }
    pointer operator->() const { return &(*chunk_)[at_]; }
    RangeIterator& operator++() {
      if (++at_ < chunk_->size()) return *this;
      ++chunk_;
      at_ = 0;
      return *this;
    }
    RangeIterator operator++(int) {
      const RangeIterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const RangeIterator&) const = default;

   private:
    const Chunk* chunk_ = nullptr;
    std::size_t at_ = 0;
  };

  // The ranges of a set, which must outlive this and stay as it is.
  class Ranges {
   public:
    explicit Ranges(const UidSet& set) : set_(&set) {}
    RangeIterator begin() const { return RangeIterator(set_->chunks_.data()); }
    RangeIterator end() const { return RangeIterator(set_->chunks_.data() + set_->chunks_.size()); }
    std::size_t size() const { return set_->size_; }
    const UidRange& front() const { return set_->chunks_.front().front(); }
    const UidRange& back() const { return set_->chunks_.back().back(); }

   private:
    const UidSet* set_;
  };

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

  // Returns false if the set contained all of it. In any order, a million UIDs take about a second.
  bool add(base::Uid uid) { return add({uid, uid}); }
  bool add(UidRange range);

  bool contains(base::Uid uid) const;
  bool empty() const { return chunks_.empty(); }
  std::uint64_t count() const;

  // In ascending order, with gaps between them.
  Ranges ranges() const { return Ranges(*this); }

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
    Iterator(RangeIterator range, RangeIterator end)
        : range_(range), end_(end), uid_(range == end ? base::Uid{} : range->first) {}
    base::Uid operator*() const { return uid_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(const Iterator&) const = default;

   private:
    RangeIterator range_;
    RangeIterator end_;
    base::Uid uid_;  // 0 at the end
  };
  Iterator begin() const { return {ranges().begin(), ranges().end()}; }
  Iterator end() const { return {ranges().end(), ranges().end()}; }

 private:
  // The place of a range in chunks_.
  struct Place {
    std::size_t chunk = 0;
    std::size_t at = 0;
    bool operator==(const Place&) const = default;
  };
  Place find(std::uint32_t last) const;
  void insert(Place place, UidRange range);
  void erase(Place begin, Place end);
  void swap(UidSet& other) noexcept {
    chunks_.swap(other.chunks_);
    std::swap(size_, other.size_);
  }

  // The ranges in ascending order. No chunk is empty, and none is large, so that a range can be
  // inserted anywhere without moving all others.
  std::vector<Chunk> chunks_;
  std::size_t size_ = 0;  // ranges in all chunks
};

}  // namespace imap
