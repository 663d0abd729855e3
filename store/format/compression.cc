#include "store/format/compression.h"

#include <algorithm>

#include <zstd.h>

#include "base/error.h"
#include "base/handle.h"

namespace store {

using base::ErrorCode;
using base::fail;

class Compressor::Impl {
 public:
  explicit Impl(int level) : level_(level), context_(ZSTD_createCCtx()) {
    if (!context_) fail(ErrorCode::kInternal, "start zstd: no memory");
    set(ZSTD_c_windowLog, kWindowLog);
    if (level >= kFirstStrongLevel) set(ZSTD_c_chainLog, kStrongChainLog);
    // The box around the frame detects damage, and the block's header gives the length.
    set(ZSTD_c_checksumFlag, 0);
    set(ZSTD_c_contentSizeFlag, 0);
  }

  base::ByteView compress(base::ByteView plain, BlockContent content) {
    if (content == BlockContent::kText) return compress(plain, level_, true);
    if (level_ > kProbingLevel) {
      const base::ByteView probe = compress(plain, kProbingLevel, false);
      if (!is_worthwhile(probe.size(), plain.size())) return probe;
    }
    return compress(plain, level_, false);
  }

 private:
  // 8 MiB: a whole block (docs/pack-format.md, "Blocks: sizes and levels").
  static constexpr int kWindowLog = 23;
  // Half of what level 17 takes for 8 MiB: three quarters of the time and 16 MiB less for each
  // thread, for 0.6 % more bytes.
  static constexpr int kFirstStrongLevel = 16;
  static constexpr int kStrongChainLog = 22;

  base::ByteView compress(base::ByteView plain, int level, bool finds_long_matches) {
    set(ZSTD_c_compressionLevel, level);
    set(ZSTD_c_enableLongDistanceMatching, finds_long_matches ? 1 : 0);
    buffer_.resize(std::max(buffer_.size(), ZSTD_compressBound(plain.size())));
    const std::size_t size =
        ZSTD_compress2(context_.get(), buffer_.data(), buffer_.size(), plain.data(), plain.size());
    if (ZSTD_isError(size) != 0) {
      fail(ErrorCode::kInternal, "compress {} bytes: {}", plain.size(), ZSTD_getErrorName(size));
    }
    return base::ByteView(buffer_).first(size);
  }

  void set(ZSTD_cParameter parameter, int value) {
    const std::size_t result = ZSTD_CCtx_setParameter(context_.get(), parameter, value);
    if (ZSTD_isError(result) != 0) {
      fail(ErrorCode::kInternal, "set up zstd: {}", ZSTD_getErrorName(result));
    }
  }

  int level_;
  base::Handle<ZSTD_CCtx, ZSTD_freeCCtx> context_;
  base::Bytes buffer_;  // as large as the longest frame so far: allocating costs time
};

Compressor::Compressor(int level) : impl_(std::make_unique<Impl>(level)) {}
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

base::ByteView Compressor::compress(base::ByteView plain, BlockContent content) {
  return impl_->compress(plain, content);
}

class Decompressor::Impl {
 public:
  Impl() : context_(ZSTD_createDCtx()) {
    if (!context_) fail(ErrorCode::kInternal, "start zstd: no memory");
  }

  base::Bytes decompress(base::ByteView frame, std::size_t plain_size) {
    base::Bytes plain(plain_size);
    const std::size_t size =
        ZSTD_decompressDCtx(context_.get(), plain.data(), plain.size(), frame.data(), frame.size());
    if (ZSTD_isError(size) != 0) {
      fail(ErrorCode::kDamaged, "decompress a block: {}", ZSTD_getErrorName(size));
    }
    if (size != plain_size) {
      fail(ErrorCode::kDamaged, "decompress a block: {} bytes, not {}", size, plain_size);
    }
    return plain;
  }

 private:
  base::Handle<ZSTD_DCtx, ZSTD_freeDCtx> context_;
};

Decompressor::Decompressor() : impl_(std::make_unique<Impl>()) {}
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;
Decompressor::~Decompressor() = default;

base::Bytes Decompressor::decompress(base::ByteView frame, std::size_t plain_size) {
  return impl_->decompress(frame, plain_size);
}

}  // namespace store
