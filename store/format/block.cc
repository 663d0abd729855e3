#include "store/format/block.h"

#include <algorithm>

#include "base/error.h"
#include "base/make_room.h"
#include "store/format/encoding.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kBlockMark = "MSTWBLK1";

const Key& key_of(const Keys& keys, Stream stream) {
  return stream == Stream::kManifests || stream == Stream::kTrailer ? keys.manifests : keys.content;
}

base::Bytes associated_data(const StoreId& store, base::ByteView header) {
  base::Bytes associated(store.begin(), store.end());
  associated.insert(associated.end(), header.begin(), header.end());
  return associated;
}

}  // namespace

base::ByteView block_mark() {
  return base::as_bytes(kBlockMark);
}

base::Bytes BlockHeader::encode() const {
  Encoder encoder;
  encoder.raw(block_mark());
  encoder.raw(pack);
  encoder.u8(static_cast<std::uint8_t>(stream));
  encoder.u8(0);
  encoder.u16(0);
  encoder.u32(ordinal);
  encoder.u32(plain_length);
  encoder.u32(sealed_length);
  encoder.raw(nonce);
  return encoder.take();
}

std::optional<BlockHeader> BlockHeader::decode(base::ByteView bytes) {
  if (bytes.size() < kSize) return std::nullopt;
  Decoder decoder(bytes.first(kSize), "a block's header");
  if (!std::ranges::equal(decoder.raw(kBlockMark.size()), block_mark())) return std::nullopt;
  BlockHeader header;
  std::ranges::copy(decoder.raw(header.pack.size()), header.pack.begin());
  const std::uint8_t stream = decoder.u8();
  const bool reserved = decoder.u8() != 0 || decoder.u16() != 0;
  header.stream = static_cast<Stream>(stream);
  header.ordinal = decoder.u32();
  header.plain_length = decoder.u32();
  header.sealed_length = decoder.u32();
  std::ranges::copy(decoder.raw(header.nonce.size()), header.nonce.begin());
  if (reserved || stream < 1 || stream > static_cast<std::uint8_t>(Stream::kTrailer) ||
      header.plain_length > kMaxBlock || header.sealed_length > kMaxBlock ||
      header.sealed_length < kTagSize) {
    return std::nullopt;
  }
  return header;
}

base::Bytes seal_block(const BlockContext& context, BlockHeader header, base::ByteView plain,
                       Compressor& compressor) {
  // Attachments are mostly compressed already, and equal ones are stored once: searching took two
  // thirds of the time of compressing them.
  const base::ByteView frame = compressor.compress(
      plain, header.stream == Stream::kBinaries ? BlockContent::kBinary : BlockContent::kText);
  if (plain.size() > kMaxBlock || frame.size() + kTagSize > kMaxBlock) {
    fail(ErrorCode::kInternal, "seal a block of {} bytes", plain.size());
  }
  header.plain_length = static_cast<std::uint32_t>(plain.size());
  header.sealed_length = static_cast<std::uint32_t>(frame.size() + kTagSize);
  header.nonce = random_nonce();
  base::Bytes bytes = header.encode();
  const base::Bytes associated = associated_data(context.store, bytes);
  bytes.resize(BlockHeader::kSize + header.sealed_length);
  seal_box(key_of(context.keys, header.stream), header.nonce, associated, frame,
           std::span(bytes).subspan(BlockHeader::kSize));
  return bytes;
}

base::Bytes open_block(const BlockContext& context, const BlockHeader& expected,
                       base::ByteView bytes, Decompressor& decompressor, const std::string& name) {
  const std::optional<BlockHeader> header = BlockHeader::decode(bytes);
  if (!header || header->pack != expected.pack || header->stream != expected.stream ||
      header->ordinal != expected.ordinal || header->plain_length != expected.plain_length ||
      header->sealed_length != expected.sealed_length ||
      bytes.size() != BlockHeader::kSize + header->sealed_length) {
    fail(ErrorCode::kDamaged, "{}: its header is not what was written", name);
  }
  const base::Bytes associated = associated_data(context.store, bytes.first(BlockHeader::kSize));
  const std::optional<base::Bytes> frame =
      open_box(key_of(context.keys, header->stream), header->nonce, associated,
               bytes.subspan(BlockHeader::kSize));
  if (!frame) fail(ErrorCode::kDamaged, "{}: it is not what was written", name);
  return decompressor.decompress(*frame, header->plain_length);
}

void BlockBuilder::expect(std::size_t bytes) {
  constexpr std::size_t kShareOfDirectory = 32;
  plain_.reserve(bytes + bytes / kShareOfDirectory);
}

std::uint32_t BlockBuilder::add(ObjectType type, base::ByteView object) {
  const auto start = static_cast<std::uint32_t>(plain_.size());
  base::make_room_for_one(types_);
  base::make_room_for_one(lengths_);
  plain_.insert(plain_.end(), object.begin(), object.end());
  types_.push_back(type);
  lengths_.push_back(static_cast<std::uint32_t>(object.size()));
  return start;
}

std::uint32_t BlockBuilder::take_over(BlockBuilder& other) {
  const auto start = static_cast<std::uint32_t>(plain_.size());
  plain_.reserve(plain_.size() + other.plain_.size());
  types_.reserve(types_.size() + other.types_.size());
  lengths_.reserve(lengths_.size() + other.lengths_.size());
  plain_.insert(plain_.end(), other.plain_.begin(), other.plain_.end());
  types_.insert(types_.end(), other.types_.begin(), other.types_.end());
  lengths_.insert(lengths_.end(), other.lengths_.begin(), other.lengths_.end());
  other.plain_ = {};
  other.types_ = {};
  other.lengths_ = {};
  return start;
}

base::Bytes BlockBuilder::take() {
  Encoder directory;
  directory.varint(lengths_.size());
  for (std::size_t i = 0; i < lengths_.size(); ++i) {
    if (stream_ == Stream::kManifests) directory.u8(static_cast<std::uint8_t>(types_[i]));
    directory.varint(lengths_[i]);
  }
  directory.u32(static_cast<std::uint32_t>(directory.size()));
  plain_.insert(plain_.end(), directory.view().begin(), directory.view().end());
  types_.clear();
  lengths_.clear();
  return std::exchange(plain_, {});
}

std::vector<ObjectSpan> read_directory(Stream stream, base::ByteView plain) {
  constexpr std::size_t kLengthSize = 4;
  constexpr const char* kDirectory = "a block's directory";
  if (plain.size() < kLengthSize) fail(ErrorCode::kDamaged, "read {}: it is missing", kDirectory);
  const std::uint32_t length = Decoder(plain.last(kLengthSize), kDirectory).u32();
  const base::ByteView rest = plain.first(plain.size() - kLengthSize);
  if (length > rest.size()) fail(ErrorCode::kDamaged, "read {}: it is too long", kDirectory);
  const base::ByteView objects = rest.first(rest.size() - length);
  Decoder decoder(rest.last(length), kDirectory);
  const std::size_t count = decoder.count(1);
  std::vector<ObjectSpan> spans(count);
  std::uint64_t start = 0;
  for (ObjectSpan& span : spans) {
    switch (stream) {
      case Stream::kRecords:
        span.type = ObjectType::kMessage;
        break;
      case Stream::kTexts:
        span.type = ObjectType::kText;
        break;
      case Stream::kBinaries:
        span.type = ObjectType::kBinary;
        break;
      default:
        span.type = static_cast<ObjectType>(decoder.u8());
    }
    span.start = static_cast<std::uint32_t>(start);
    span.length = static_cast<std::uint32_t>(decoder.varint(objects.size() - start));
    start += span.length;
  }
  decoder.end();
  if (start != objects.size()) decoder.malformed("the lengths don't add up");
  return spans;
}

}  // namespace store
