#include "store/format/pack.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kHeaderMark = "MSTWPACK";
constexpr std::string_view kFooterMark = "MSTWEND2";
constexpr std::string_view kFirstFooterMark = "MSTWEND1";  // of version 1
constexpr std::uint32_t kPackVersion = 2;
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

Effort read_effort(Decoder& decoder) {
  return decoder.u32() == 0 ? Effort::kFast : Effort::kStrong;
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
  if (version < 1 || version > kPackVersion) {
    fail(ErrorCode::kConfig,
         "{}: a newer version of mailstow wrote it (format {}, not {}): update mailstow", name,
         version, kPackVersion);
  }
  PackHeader header;
  header.effort = read_effort(decoder);
  std::ranges::copy(decoder.raw(header.store.size()), header.store.begin());
  std::ranges::copy(decoder.raw(header.pack.size()), header.pack.begin());
  return header;
}

base::Bytes encode_footer(const PackId& pack, std::uint64_t trailer_size, Effort effort) {
  Encoder encoder;
  encoder.raw(base::as_bytes(kFooterMark));
  encoder.raw(pack);
  encoder.u32(static_cast<std::uint32_t>(trailer_size));
  encoder.u32(static_cast<std::uint32_t>(effort));
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

namespace {

struct PackFooter {
  PackId pack{};
  std::uint64_t trailer = 0;     // its place
  std::optional<Effort> effort;  // nullopt: in the header only
};

// `end`: the place of the footer. Returns nullopt if it is not what was written.
std::optional<PackFooter> decode_footer(base::ByteView bytes, std::uint64_t end) {
  const bool is_of_version_1 = is_whole(bytes, kFirstFooterMark);
  if (!is_of_version_1 && !is_whole(bytes, kFooterMark)) return std::nullopt;
  Decoder decoder(bytes.subspan(kFooterMark.size()), "a pack's footer");
  PackFooter footer;
  std::ranges::copy(decoder.raw(footer.pack.size()), footer.pack.begin());
  if (is_of_version_1) {
    footer.trailer = decoder.u64();
  } else {
    footer.trailer = end - std::min<std::uint64_t>(end, decoder.u32());
    footer.effort = read_effort(decoder);
  }
  if (footer.trailer < kPackHeaderSize || footer.trailer > end - BlockHeader::kSize ||
      end - footer.trailer > BlockHeader::kSize + kMaxBlock) {
    return std::nullopt;
  }
  return footer;
}

// How much of a pack's end is read for its trailer, which takes about a hundredth of a pack of 64
// MiB, and more of a small one. A pack of unknown size is new: what is read too much of it costs
// less than a second request, and holds its commit.
std::size_t end_to_read(std::uint64_t pack_size) {
  constexpr std::uint64_t kMin = std::uint64_t{64} << 10;
  constexpr std::uint64_t kMax = std::uint64_t{1} << 20;
  constexpr std::uint64_t kShare = 32;
  if (pack_size == 0) return kMax;
  return static_cast<std::size_t>(std::clamp(pack_size / kShare, kMin, kMax));
}

}  // namespace

// Where the bytes of a pack come from. Each function returns nullopt if the pack is missing.
class PackFile::Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  virtual std::optional<BlobTail> get_tail(std::size_t size) = 0;
  virtual std::optional<std::size_t> read_at(std::uint64_t place, std::span<std::byte> out) = 0;
  // All of it; also nullopt if it has more than `limit` bytes.
  virtual std::optional<base::Bytes> get(std::uint64_t limit) = 0;
};

class PackFile::FileSource : public Source {
 public:
  explicit FileSource(std::unique_ptr<base::File> file) : file_(std::move(file)) {}

  std::optional<BlobTail> get_tail(std::size_t size) override {
    BlobTail tail{.blob_size = file_->size(), .bytes = {}};
    tail.bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(tail.blob_size, size)));
    tail.bytes.resize(file_->read_at(tail.blob_size - tail.bytes.size(), tail.bytes));
    return tail;
  }

  std::optional<std::size_t> read_at(std::uint64_t place, std::span<std::byte> out) override {
    return file_->read_at(place, out);
  }

  std::optional<base::Bytes> get(std::uint64_t limit) override {
    const std::uint64_t size = file_->size();
    if (size > limit) return std::nullopt;
    base::Bytes bytes(static_cast<std::size_t>(size));
    bytes.resize(file_->read_at(0, bytes));
    return bytes;
  }

 private:
  std::unique_ptr<base::File> file_;
};

class PackFile::BlobSource : public Source {
 public:
  BlobSource(Storage& storage, BlobName blob) : storage_(storage), blob_(std::move(blob)) {}

  std::optional<BlobTail> get_tail(std::size_t size) override {
    return storage_.get_tail(blob_, size);
  }

  std::optional<std::size_t> read_at(std::uint64_t place, std::span<std::byte> out) override {
    return storage_.read_at(blob_, place, out);
  }

  std::optional<base::Bytes> get(std::uint64_t limit) override {
    try {
      return storage_.get(blob_, limit);
    } catch (const base::Error& error) {
      if (error.code() != ErrorCode::kDamaged) throw;
      return std::nullopt;  // larger; or something else, which reading a part reports, too
    }
  }

 private:
  Storage& storage_;
  BlobName blob_;
};

PackFile::PackFile(std::unique_ptr<base::File> file, std::string name)
    : PackFile(std::make_unique<FileSource>(std::move(file)), std::move(name), 0) {}

PackFile::PackFile(std::unique_ptr<Source> source, std::string name, std::uint64_t size)
    : source_(std::move(source)), name_(std::move(name)), known_size_(size) {}

PackFile::PackFile(PackFile&&) noexcept = default;
PackFile& PackFile::operator=(PackFile&&) noexcept = default;
PackFile::~PackFile() = default;

PackFile PackFile::open(Storage& storage, const PackName& name, std::uint64_t size) {
  BlobName blob = blob_of(name);
  std::string shown = "pack " + storage.display_name(blob);
  return PackFile(std::make_unique<BlobSource>(storage, std::move(blob)), std::move(shown), size);
}

std::optional<PackFile> PackFile::find(Storage& storage, const PackName& name, std::uint64_t size) {
  PackFile file = open(storage, name, size);
  if (!file.read_end()) return std::nullopt;
  return file;
}

base::Bytes PackFile::read(std::uint64_t place, std::size_t size) {
  base::Bytes bytes(size);
  if (read_at(place, bytes) != size) {
    fail(ErrorCode::kDamaged, "{}: it ends early", name_);
  }
  return bytes;
}

std::size_t PackFile::read_at(std::uint64_t place, std::span<std::byte> out) {
  if (!kept_ || place < kept_place_) {
    const std::optional<std::size_t> length = source_->read_at(place, out);
    if (!length) fail(ErrorCode::kDamaged, "{}: it is missing", name_);
    return *length;
  }
  if (place - kept_place_ >= kept_->size()) return 0;
  const base::ByteView rest =
      base::ByteView(*kept_).subspan(static_cast<std::size_t>(place - kept_place_));
  const base::ByteView bytes = rest.first(std::min(rest.size(), out.size()));
  std::ranges::copy(bytes, out.begin());
  return bytes.size();
}

base::Bytes PackFile::read_block(std::uint64_t place, std::uint32_t sealed_length) {
  return read(place, BlockHeader::kSize + sealed_length);
}

Sha256 PackFile::hold(std::uint64_t limit) {
  constexpr std::size_t kPiece = std::size_t{8} << 20;
  kept_ = source_->get(limit);
  kept_place_ = 0;
  if (kept_) return sha256(*kept_);
  Sha256Hash hash;
  base::Bytes piece(kPiece);
  for (std::uint64_t place = 0; true; place += piece.size()) {
    const std::size_t length = read_at(place, piece);
    hash.update(base::ByteView(piece).first(length));
    if (length < piece.size()) return hash.finish();
  }
}

// Returns false if the pack is missing.
bool PackFile::read_end() {
  if (kept_) return true;
  std::optional<BlobTail> end;
  try {
    end = source_->get_tail(end_to_read(known_size_));
  } catch (const base::Error& error) {
    if (error.code() != ErrorCode::kIo) throw;
    end = source_->get_tail(kPackFooterSize);  // the bad sector may be in a block
  }
  if (!end) return false;
  kept_place_ = end->blob_size - end->bytes.size();
  kept_ = std::move(end->bytes);
  return true;
}

PackHeader PackFile::read_header(const BlockContext& context) {
  PackHeader header = PackHeader::decode(read(0, kPackHeaderSize), name_);
  if (header.store != context.store) {
    fail(ErrorCode::kDamaged, "{}: it belongs to another store", name_);
  }
  return header;
}

Pack PackFile::read_trailer(const BlockContext& context, const PackName& pack,
                            Decompressor& decompressor) {
  if (!read_end()) fail(ErrorCode::kDamaged, "{}: it is missing", name_);
  if (kept_place_ + kept_->size() < kPackHeaderSize + BlockHeader::kSize + kPackFooterSize) {
    fail(ErrorCode::kDamaged, "{}: it ends early", name_);
  }
  std::optional<PackHeader> header;
  if (kept_place_ == 0) header = read_header(context);
  try {
    Pack contents = read_from_end(context, header, decompressor);
    contents.name = pack;
    return contents;
  } catch (const base::Error& error) {
    // The header may give the reason: another store, a newer version.
    if (error.code() == ErrorCode::kDamaged && !header) read_header(context);
    throw;
  }
}

// The store's id is authenticated by the trailer's box, and the pack's id by each block's.
Pack PackFile::read_from_end(const BlockContext& context, const std::optional<PackHeader>& header,
                             Decompressor& decompressor) {
  Pack contents;
  contents.size = kept_place_ + kept_->size();
  const std::uint64_t end = contents.size - kPackFooterSize;
  const std::optional<PackFooter> footer = decode_footer(read(end, kPackFooterSize), end);
  if (!footer || (header && header->pack != footer->pack)) {
    fail(ErrorCode::kDamaged, "{}: its footer is not what was written", name_);
  }
  contents.id = footer->pack;
  if (footer->effort) {
    contents.effort = *footer->effort;
  } else {
    const PackHeader first = header ? *header : read_header(context);
    if (first.pack != footer->pack) {
      fail(ErrorCode::kDamaged, "{}: its footer is not what was written", name_);
    }
    contents.effort = first.effort;
  }

  const base::Bytes block = read_trailer_block(footer->trailer, end);
  std::optional<BlockHeader> expected = BlockHeader::decode(block);
  if (!expected) fail(ErrorCode::kDamaged, "{}: its trailer is not what was written", name_);
  expected->pack = footer->pack;
  expected->stream = Stream::kTrailer;
  contents.blocks =
      decode_trailer(open_block(context, *expected, block, decompressor, name_ + ": its trailer"));
  const std::uint64_t blocks_end = contents.blocks.empty()
                                       ? kPackHeaderSize
                                       : contents.blocks.back().place + BlockHeader::kSize +
                                             contents.blocks.back().sealed_length;
  if (expected->ordinal != contents.blocks.size() || blocks_end != footer->trailer) {
    fail(ErrorCode::kDamaged, "{}: its trailer does not match its blocks", name_);
  }
  return contents;
}

// Reads only what is not kept.
base::Bytes PackFile::read_trailer_block(std::uint64_t place, std::uint64_t end) {
  const std::uint64_t kept_from = std::clamp(kept_place_, place, end);
  base::Bytes block;
  if (place < kept_from) block = read(place, static_cast<std::size_t>(kept_from - place));
  if (kept_from < end) {
    const base::Bytes rest = read(kept_from, static_cast<std::size_t>(end - kept_from));
    block.insert(block.end(), rest.begin(), rest.end());
  }
  return block;
}

}  // namespace store
