// Any bytes as a block: header, zstd frame, directory. Each is rejected or stays within its bounds,
// and a modified sealed box is never opened.
#include <algorithm>

#include "base/error.h"
#include "store/format/block.h"
#include "tests/fuzz/fuzzer.h"

namespace {

constexpr std::size_t kMaxPlain = std::size_t{1} << 20U;

using fuzz::require;

template <typename Work>
void refuse_or_do(Work work) {
  try {
    work();
  } catch (const base::Error& error) {
    require(error.code() == base::ErrorCode::kDamaged);
  }
}

void check_directory(store::Stream stream, base::ByteView plain) {
  std::uint64_t start = 0;
  for (const store::ObjectSpan& span : store::read_directory(stream, plain)) {
    require(span.start == start);
    start += span.length;
  }
  require(start <= plain.size());
}

void check_header(base::ByteView bytes) {
  const std::optional<store::BlockHeader> header = store::BlockHeader::decode(bytes);
  if (!header) return;
  require(header->plain_length <= store::kMaxBlock && header->sealed_length <= store::kMaxBlock);
  require(std::ranges::equal(header->encode(), bytes.first(store::BlockHeader::kSize)));
}

// `place` selects the byte of the sealed block to modify, and `damage` the bits to flip in it.
void check_box(base::ByteView plain, std::size_t place, std::byte damage) {
  static const store::BlockContext context{.store = {}, .keys = store::Keys::derive({})};
  static store::Compressor compressor(1);
  store::Decompressor decompressor;
  base::Bytes sealed = seal_block(context, {}, plain, compressor);
  const store::BlockHeader header = store::BlockHeader::decode(sealed).value();
  require(std::ranges::equal(open_block(context, header, sealed, decompressor, "block"), plain));
  if (damage == std::byte{0}) return;
  sealed[place % sealed.size()] ^= damage;
  bool opened = true;
  try {
    open_block(context, store::BlockHeader::decode(sealed).value_or(header), sealed, decompressor,
               "block");
  } catch (const base::Error& error) {
    require(error.code() == base::ErrorCode::kDamaged);
    opened = false;
  }
  require(!opened);
}

}  // namespace

MAILSTOW_FUZZER(store_block_fuzz) {
  if (size < 3) return 0;
  const auto stream = static_cast<store::Stream>(data[0] % store::kDataStreams + 1);
  const std::size_t place = data[0] * std::size_t{256} + data[1];
  const base::ByteView bytes = std::as_bytes(std::span(data + 3, size - 3));
  check_header(bytes);
  refuse_or_do([&] { check_directory(stream, bytes); });
  refuse_or_do([&] {
    store::Decompressor decompressor;
    const std::size_t wanted = place * 16 % kMaxPlain;
    require(decompressor.decompress(bytes, wanted).size() == wanted);
  });
  check_box(bytes, place, static_cast<std::byte>(data[2]));
  return 0;
}
