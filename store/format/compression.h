// zstd, for whole blocks; the only place that includes <zstd.h>.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace store {

// Whether to search for matches beyond what the level does, as far back as the block goes.
enum class LongMatches : bool { kSkip, kFind };

// Keeps the working memory between blocks. One thread at a time.
class Compressor {
 public:
  explicit Compressor(int level);
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;
  ~Compressor();

  // The result is valid until the next call.
  base::ByteView compress(base::ByteView plain, LongMatches long_matches = LongMatches::kFind);

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
