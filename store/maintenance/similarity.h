// Which objects of one stream are similar, so that they can be compressed together.
//
// Only the order in which a prune writes objects depends on it: it may change from version to
// version.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "store/format/compression.h"

namespace store {

// Hashes of what an object has: objects that share one are similar. Empty: it is not similar to
// any other.
class Features {
 public:
  static constexpr std::size_t kMax = 7;

  // Does nothing if there are kMax already.
  void add(std::uint64_t feature) {
    if (count_ < kMax) values_[count_++] = feature;
  }
  std::span<const std::uint64_t> values() const { return std::span(values_).first(count_); }

 private:
  std::array<std::uint64_t, kMax> values_{};
  std::size_t count_ = 0;
};

// Each pair of neighbours among the eight smallest hashes of three successive words (MinHash): of
// texts that have half of these in common, nine in ten share a pair.
Features features_of_text(base::ByteView text);

// One feature that all share whose middle can't be compressed, so that blocks of them are not
// searched by a strong level; nothing for others. `probing`: of kProbingLevel.
Features features_of_binary(base::ByteView binary, Compressor& probing);

// The mailing list, or else the domain of the sender; nothing if there is neither.
Features features_of_header(base::ByteView header);

}  // namespace store
