#include "store/format/pack.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"
#include "store/storage/blob_file.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kHeaderMark = "MSTWPACK";
constexpr std::string_view kFooterMark = "MSTWEND1";
constexpr std::uint32_t kPackVersion = 1;
constexpr std::size_t kPackChecksumSize = 16;

void add_checksum(Encoder& encoder) {
  const std::array<std::byte, 32> sum = checksum(encoder.view());
  encoder.raw(base::ByteView(sum).first(kPackChecksumSize));
}

// Whether `bytes` begin with `mark` and end with their checksum.
bool is_whole(base::ByteView bytes, std::string_view mark) {
  const std::array<std::byte, 32> sum = checksum(bytes.first(bytes.size() - kPackChecksumSize));
  return std::ranges::equal(bytes.first(mark.size()), base::as_bytes(mark)) &&
         std::ranges::equal(bytes.last(kPackChecksumSize),
                            base::ByteView(sum).first(kPackChecksumSize));
}

}  // namespace

base::Bytes PackHeader::encode() const {
  Encoder encoder;
  encoder.raw(base::as_bytes(kHeaderMark));
  encoder.u32(kPackVersion);
  encoder.u32(static_cast<std::uint32_t>(effort));
  encoder.raw(store);
  encoder.raw(pack);
  add_checksum(encoder);
  return encoder.take();
}

PackHeader PackHeader::decode(base::ByteView bytes, const std::string& name) {
  if (bytes.size() != kPackHeaderSize || !is_whole(bytes, kHeaderMark)) {
    fail(ErrorCode::kDamaged, "{}: its header is not what was written", name);
  }
  Decoder decoder(bytes.subspan(kHeaderMark.size()), "a pack's header");
  const std::uint32_t version = decoder.u32();
  if (version != kPackVersion) {
    fail(ErrorCode::kConfig,
         "{}: its format version is {}, this mailstow supports {}: update mailstow", name, version,
         kPackVersion);
  }
  PackHeader header;
  header.effort = decoder.u32() == 0 ? Effort::kFast : Effort::kStrong;
  std::ranges::copy(decoder.raw(header.store.size()), header.store.begin());
  std::ranges::copy(decoder.raw(header.pack.size()), header.pack.begin());
  return header;
}

base::Bytes encode_footer(const PackId& pack, std::uint64_t trailer_place) {
  Encoder encoder;
  encoder.raw(base::as_bytes(kFooterMark));
  encoder.raw(pack);
  encoder.u64(trailer_place);
  add_checksum(encoder);
  return encoder.take();
}

base::Bytes encode_trailer(const std::vector<BlockEntry>& blocks) {
  Encoder encoder;
  encoder.varint(blocks.size());
  for (const BlockEntry& block : blocks) {
    encoder.u8(static_cast<std::uint8_t>(block.stream));
    encoder.varint(block.plain_length);
    encoder.varint(block.sealed_length);
    encoder.varint(block.objects.size());
    for (const ObjectEntry& object : block.objects) {
      if (block.stream == Stream::kManifests) encoder.u8(static_cast<std::uint8_t>(object.type));
      encoder.id(object.id);
      encoder.varint(object.length);
      if (block.stream == Stream::kRecords) encoder.varint(object.message_size);
    }
  }
  return encoder.take();
}

namespace {

ObjectType read_type(Decoder& decoder, Stream stream) {
  switch (stream) {
    case Stream::kRecords:
      return ObjectType::kMessage;
    case Stream::kTexts:
      return ObjectType::kText;
    case Stream::kBinaries:
      return ObjectType::kBinary;
    default:
      break;
  }
  const std::uint8_t type = decoder.u8();
  if (type > kLastStoredType || stream_of(static_cast<ObjectType>(type)) != Stream::kManifests) {
    decoder.malformed("an object of an unknown type");
  }
  return static_cast<ObjectType>(type);
}

BlockEntry read_block_entry(Decoder& decoder) {
  BlockEntry block;
  const std::uint8_t stream = decoder.u8();
  if (stream < 1 || stream > kDataStreams) decoder.malformed("a block of an unknown stream");
  block.stream = static_cast<Stream>(stream);
  block.plain_length = static_cast<std::uint32_t>(decoder.varint(kMaxBlock));
  block.sealed_length = static_cast<std::uint32_t>(decoder.varint(kMaxBlock));
  block.objects.resize(decoder.count(ObjectId::kSize + 1));
  std::uint64_t start = 0;
  for (ObjectEntry& object : block.objects) {
    object.type = read_type(decoder, block.stream);
    object.id = decoder.id();
    object.start = static_cast<std::uint32_t>(start);
    object.length = static_cast<std::uint32_t>(decoder.varint(block.plain_length - start));
    if (block.stream == Stream::kRecords) object.message_size = decoder.varint();
    start += object.length;
  }
  return block;
}

}  // namespace

std::vector<BlockEntry> decode_trailer(base::ByteView plain) {
  Decoder decoder(plain, "a pack's trailer");
  std::vector<BlockEntry> blocks(std::min(decoder.count(4), kMaxBlocks));
  std::uint64_t place = kPackHeaderSize;
  for (BlockEntry& block : blocks) {
    block = read_block_entry(decoder);
    block.place = place;
    place += BlockHeader::kSize + block.sealed_length;
  }
  decoder.end();
  return blocks;
}

BlockHeader BlockEntry::header(const PackId& pack, std::size_t ordinal) const {
  BlockHeader header;
  header.pack = pack;
  header.stream = stream;
  header.ordinal = static_cast<std::uint32_t>(ordinal);
  header.plain_length = plain_length;
  header.sealed_length = sealed_length;
  return header;
}

std::optional<PackName> pack_name(std::string_view file_name) {
  const std::optional<ObjectId> digits = ObjectId::from_hex(file_name);
  // Upper case would be a second name of the same pack.
  if (!digits || digits->hex() != file_name) return std::nullopt;
  return PackName{digits->bytes};
}

BlobName blob_of(const PackName& name) {
  return {kPacksArea, name.hex()};
}

std::string missing_pack(const Storage& storage, const PackName& name) {
  return fmt::format("pack {}: it is missing", storage.display_name(blob_of(name)));
}

std::optional<PackFile> PackFile::find(Storage& storage, const PackName& name) {
  const BlobName blob = blob_of(name);
  std::unique_ptr<base::File> file = open_blob(storage, blob);
  if (!file) return std::nullopt;
  return PackFile(std::move(file), "pack " + storage.display_name(blob));
}

PackFile PackFile::open(Storage& storage, const PackName& name) {
  std::optional<PackFile> file = find(storage, name);
  if (!file) fail(ErrorCode::kDamaged, "{}", missing_pack(storage, name));
  return *std::move(file);
}

PackFile::PackFile(std::unique_ptr<base::File> file, std::string name)
    : file_(std::move(file)), name_(std::move(name)) {}

base::Bytes PackFile::read(std::uint64_t place, std::size_t size) {
  base::Bytes bytes(size);
  if (read_at(place, bytes) != size) {
    fail(ErrorCode::kDamaged, "{}: it ends early", name_);
  }
  return bytes;
}

std::size_t PackFile::read_at(std::uint64_t place, std::span<std::byte> out) {
  if (!held_) return file_->read_at(place, out);
  if (place >= held_->size()) return 0;
  const base::ByteView rest = base::ByteView(*held_).subspan(static_cast<std::size_t>(place));
  const base::ByteView bytes = rest.first(std::min(rest.size(), out.size()));
  std::ranges::copy(bytes, out.begin());
  return bytes.size();
}

base::Bytes PackFile::read_block(std::uint64_t place, std::uint32_t sealed_length) {
  return read(place, BlockHeader::kSize + sealed_length);
}

Sha256 PackFile::hold(std::uint64_t limit) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  const std::uint64_t size = file_->size();
  const bool is_kept = size <= limit;
  base::Bytes bytes(is_kept ? static_cast<std::size_t>(size) : kPiece);
  Sha256Hash hash;
  std::uint64_t place = 0;
  while (place < size) {
    const std::span<std::byte> piece =
        std::span(bytes)
            .subspan(is_kept ? static_cast<std::size_t>(place) : 0)
            .first(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, size - place)));
    const std::size_t length = file_->read_at(place, piece);
    hash.update(piece.first(length));
    place += length;
    if (length < piece.size()) break;
  }
  if (is_kept) {
    bytes.resize(static_cast<std::size_t>(place));
    held_ = std::move(bytes);
  }
  return hash.finish();
}

// The last bytes of the pack, which usually hold the whole trailer: it takes about a hundredth of a
// pack of 64 MiB, and more of a small one.
base::Bytes PackFile::read_tail(std::uint64_t pack_size) {
  constexpr std::uint64_t kMinTail = std::uint64_t{64} << 10;
  constexpr std::uint64_t kMaxTail = std::uint64_t{1} << 20;
  constexpr std::uint64_t kShare = 32;
  const std::uint64_t size =
      std::min(pack_size, std::clamp(pack_size / kShare, kMinTail, kMaxTail));
  try {
    return read(pack_size - size, static_cast<std::size_t>(size));
  } catch (const base::Error& error) {
    if (error.code() != ErrorCode::kIo) throw;
    return read(pack_size - kPackFooterSize, kPackFooterSize);  // the bad sector may be in a block
  }
}

Pack PackFile::read_trailer(const BlockContext& context, const PackName& pack,
                            Decompressor& decompressor) {
  Pack contents;
  contents.name = pack;
  contents.size = file_->size();
  if (contents.size < kPackHeaderSize + BlockHeader::kSize + kPackFooterSize) {
    fail(ErrorCode::kDamaged, "{}: it ends early", name_);
  }
  // The end of the pack first: of a small one it is everything.
  base::Bytes tail = read_tail(contents.size);
  const std::uint64_t tail_place = contents.size - tail.size();
  const PackHeader header =
      PackHeader::decode(tail_place == 0 ? base::Bytes(tail.begin(), tail.begin() + kPackHeaderSize)
                                         : read(0, kPackHeaderSize),
                         name_);
  if (header.store != context.store) {
    fail(ErrorCode::kDamaged, "{}: it belongs to another store", name_);
  }
  contents.id = header.pack;
  contents.effort = header.effort;

  const std::uint64_t end = contents.size - kPackFooterSize;
  const base::ByteView footer = base::ByteView(tail).last(kPackFooterSize);
  if (!is_whole(footer, kFooterMark)) {
    fail(ErrorCode::kDamaged, "{}: its footer is not what was written", name_);
  }
  Decoder decoder(footer.subspan(kFooterMark.size()), "a pack's footer");
  const bool same_pack = std::ranges::equal(decoder.raw(header.pack.size()), header.pack);
  const std::uint64_t place = decoder.u64();
  if (!same_pack || place < kPackHeaderSize || place > end - BlockHeader::kSize ||
      end - place > BlockHeader::kSize + kMaxBlock) {
    fail(ErrorCode::kDamaged, "{}: its footer is not what was written", name_);
  }
  tail.resize(tail.size() - kPackFooterSize);
  base::Bytes block;
  if (place < tail_place) block = read(place, static_cast<std::size_t>(tail_place - place));
  const auto begin = static_cast<std::ptrdiff_t>(place > tail_place ? place - tail_place : 0);
  block.insert(block.end(), tail.begin() + begin, tail.end());
  std::optional<BlockHeader> expected = BlockHeader::decode(block);
  if (!expected) fail(ErrorCode::kDamaged, "{}: its trailer is not what was written", name_);
  expected->pack = header.pack;
  expected->stream = Stream::kTrailer;
  contents.blocks =
      decode_trailer(open_block(context, *expected, block, decompressor, name_ + ": its trailer"));
  const std::uint64_t blocks_end = contents.blocks.empty()
                                       ? kPackHeaderSize
                                       : contents.blocks.back().place + BlockHeader::kSize +
                                             contents.blocks.back().sealed_length;
  if (expected->ordinal != contents.blocks.size() || blocks_end != place) {
    fail(ErrorCode::kDamaged, "{}: its trailer does not match its blocks", name_);
  }
  return contents;
}

}  // namespace store
