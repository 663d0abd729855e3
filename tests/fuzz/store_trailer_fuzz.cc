// Any bytes as a trailer, or as a whole pack: rejected with kDamaged, or its list of objects stays
// within its blocks and survives re-encoding.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "store/format/pack.h"
#include "tests/fuzz/fuzzer.h"

namespace {

class MemoryFile : public base::File {
 public:
  explicit MemoryFile(base::ByteView bytes) : bytes_(bytes) {}
  void write(base::ByteView) override { std::abort(); }
  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= bytes_.size()) return 0;
    const base::ByteView rest = bytes_.subspan(static_cast<std::size_t>(offset));
    const std::size_t size = std::min(rest.size(), out.size());
    std::copy_n(rest.begin(), size, out.begin());
    return size;
  }
  std::uint64_t size() override { return bytes_.size(); }
  void sync() override { std::abort(); }

 private:
  base::ByteView bytes_;
};

using fuzz::require;

void check_trailer(base::ByteView plain) {
  const std::vector<store::BlockEntry> blocks = store::decode_trailer(plain);
  std::uint64_t place = store::kPackHeaderSize;
  for (const store::BlockEntry& block : blocks) {
    require(block.place == place);
    place += store::BlockHeader::kSize + block.sealed_length;
    std::uint64_t start = 0;
    for (const store::ObjectEntry& object : block.objects) {
      require(object.start == start && stream_of(object.type) == block.stream);
      start += object.length;
    }
    require(start <= block.plain_length);
  }
  const base::Bytes again = store::encode_trailer(blocks);
  require(store::encode_trailer(store::decode_trailer(again)) == again);
}

}  // namespace

MAILSTOW_FUZZER(store_trailer_fuzz) {
  const base::ByteView bytes = std::as_bytes(std::span(data, size));
  try {
    check_trailer(bytes);
  } catch (const base::Error& error) {
    require(error.code() == base::ErrorCode::kDamaged);
  }
  static const store::BlockContext context{.store = {}, .keys = store::Keys::derive({})};
  store::Decompressor decompressor;
  try {
    store::PackFile(std::make_unique<MemoryFile>(bytes), "pack")
        .read_trailer(context, {}, decompressor);
  } catch (const base::Error& error) {
    require(error.code() == base::ErrorCode::kDamaged || error.code() == base::ErrorCode::kConfig);
  }
  return 0;
}
