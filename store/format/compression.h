// zstd, for whole blocks; the only place that includes <zstd.h>.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace store {

// Finds out quickly whether something can be compressed at all.
inline constexpr int kProbingLevel = 2;

// Whether a frame of `size` bytes is worth more than the probe that made it.
constexpr bool is_worthwhile(std::size_t size, std::size_t plain_size) {
  constexpr std::size_t kShare = 64;
  return size <= plain_size - plain_size / kShare;
}

// The kind of a block, which decides how it is searched.
enum class BlockContent {
  kText,    // matches are searched for as far back as the block goes, beyond what the level does
  kBinary,  // mostly compressed already: no such search, and no strong level for what a fast one
            // can't make smaller, which takes fifty times as long
};

// Keeps the working memory between blocks. One thread at a time.
class Compressor {
 public:
  explicit Compressor(int level);
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;
  ~Compressor();

  // The result is valid until the next call.
  base::ByteView compress(base::ByteView plain, BlockContent content = BlockContent::kText);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

class Decompressor {
 public:
  Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;
  ~Decompressor();

  // Fails with kDamaged unless `frame` is one whole frame of exactly `plain_size` bytes, which the
  // caller has bounded.
  base::Bytes decompress(base::ByteView frame, std::size_t plain_size);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
