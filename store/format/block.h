// A block: objects of one stream in one zstd frame, sealed as one box, behind a plain-text header
// that allows finding it in a damaged pack (docs/pack-format.md, "Block").
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "store/format/compression.h"
#include "store/format/crypto.h"
#include "store/format/object_type.h"

namespace store {

using StoreId = std::array<std::byte, 16>;
using PackId = std::array<std::byte, 16>;

// A reader rejects anything larger before it allocates. A trailer may be as large.
inline constexpr std::size_t kMaxBlock = std::size_t{32} << 20;

struct BlockHeader {
  static constexpr std::size_t kSize = 64;

  PackId pack{};
  Stream stream = Stream::kRecords;
  std::uint32_t ordinal = 0;        // of the block in its pack, from 0
  std::uint32_t plain_length = 0;   // before compression
  std::uint32_t sealed_length = 0;  // of the box that follows
  Nonce nonce{};

  base::Bytes encode() const;

  // Returns nullopt unless `bytes` begin with a header whose lengths are within bounds.
  static std::optional<BlockHeader> decode(base::ByteView bytes);
};

// The magic number that every header begins with, for scans.
base::ByteView block_mark();

// The store's id and keys, which seal and open its blocks.
struct BlockContext {
  StoreId store{};
  Keys keys;
};

// Returns header and box. `header` gives pack, stream and ordinal.
base::Bytes seal_block(const BlockContext& context, BlockHeader header, base::ByteView plain,
                       Compressor& compressor);

// `bytes`: header and box, exactly as in the pack. Fails with kDamaged; the message begins with
// `name`.
base::Bytes open_block(const BlockContext& context, const BlockHeader& expected,
                       base::ByteView bytes, Decompressor& decompressor, const std::string& name);

// The objects' bytes one after another, followed by a directory that can separate them again if the
// pack's trailer is lost.
class BlockBuilder {
 public:
  explicit BlockBuilder(Stream stream) : stream_(stream) {}

  // Announces about how many bytes of objects will follow: saves copying while the block grows.
  void expect(std::size_t bytes);

  // Returns the object's start in the block. Nothing changes if memory runs out, here and in
  // take().
  std::uint32_t add(ObjectType type, base::ByteView object);

  // Moves the objects of `other`, of the same stream, behind those of this one; returns the start
  // of the first. Nothing changes if memory runs out.
  std::uint32_t take_over(BlockBuilder& other);

  // One that was added, until take().
  base::ByteView object(std::uint32_t start, std::uint32_t length) const {
    return base::ByteView(plain_).subspan(start, length);
  }

  std::size_t size() const { return plain_.size(); }
  bool empty() const { return types_.empty(); }
  base::Bytes take();  // with the directory; empties the builder

 private:
  Stream stream_;
  base::Bytes plain_;
  std::vector<ObjectType> types_;
  std::vector<std::uint32_t> lengths_;
};

struct ObjectSpan {
  ObjectType type = ObjectType::kMessage;
  std::uint32_t start = 0;
  std::uint32_t length = 0;
};

// The objects that the directory lists. Fails with kDamaged.
std::vector<ObjectSpan> read_directory(Stream stream, base::ByteView plain);

}  // namespace store
