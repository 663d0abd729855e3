#include "store/pack_writer.h"

#include <utility>

#include "base/error.h"
#include "base/make_room.h"

namespace store {

namespace {

constexpr std::uint64_t kPackTarget = std::uint64_t{64} << 20;
constexpr std::size_t kMaxObjects = 200'000;  // keeps a trailer far below kMaxBlock

// Measured: docs/pack-format.md, "Blocks: sizes and levels".
// Prune writes the leaves of many nights, which are largely alike.
constexpr std::size_t block_target(Stream stream, Effort effort) {
  switch (stream) {
    case Stream::kRecords:
      return std::size_t{4} << 20;
    case Stream::kManifests:
      return std::size_t{effort == Effort::kFast ? 256U : 1024U} << 10;
    default:
      return std::size_t{8} << 20;
  }
}

std::size_t slot(Stream stream) {
  return static_cast<std::size_t>(stream) - 1;
}

PackId random_pack_id() {
  PackId id;
  fill_random(id);
  return id;
}

}  // namespace

int compression_level(Effort effort) {
  constexpr int kFastLevel = 2;  // half the time of 3, for 2 to 4 % more bytes
  constexpr int kStrongLevel = 17;
  return effort == Effort::kFast ? kFastLevel : kStrongLevel;
}

PackWriter::PackWriter(base::FileSystem& files, const base::Path& directory,
                       const BlockContext& context, SealingPool& pool, Effort effort)
    : context_(context),
      pool_(pool),
      file_(files, directory),
      id_(random_pack_id()),
      effort_(effort),
      open_{OpenBlock(Stream::kRecords), OpenBlock(Stream::kTexts), OpenBlock(Stream::kBinaries),
            OpenBlock(Stream::kManifests)} {
  write(PackHeader{.store = context_.store, .pack = id_, .effort = effort_}.encode());
}

void PackWriter::add(ObjectType type, const ObjectId& id, base::ByteView object,
                     std::uint64_t message_size) {
  const Stream stream = stream_of(type);
  OpenBlock& block = open_.at(slot(stream));
  if (!block.builder.empty() &&
      block.builder.size() + object.size() > block_target(stream, effort_)) {
    flush(stream);
  }
  if (block.builder.empty()) block.builder.expect(block_target(stream, effort_));
  base::make_room_for_one(block.objects);
  const std::uint32_t start = block.builder.add(type, object);
  block.objects.push_back({.type = type,
                           .id = id,
                           .start = start,
                           .length = static_cast<std::uint32_t>(object.size()),
                           .message_size = message_size});
  unsealed_bytes_ += object.size();
  ++objects_;
}

bool PackWriter::full() const {
  // Mail compresses to about a third; the bytes still to be sealed are counted as half.
  return size_ + unsealed_bytes_ / 2 >= kPackTarget || objects_ >= kMaxObjects;
}

void PackWriter::flush(Stream stream) {
  OpenBlock& block = open_.at(slot(stream));
  if (block.builder.empty()) return;
  while (!pool_.has_room() || pool_.next_is_ready()) write_next_block();
  BlockHeader header;
  header.pack = id_;
  header.stream = stream;
  header.ordinal = static_cast<std::uint32_t>(blocks_.size());
  pool_.prepare();
  base::make_room_for_one(blocks_);
  base::Bytes plain = block.builder.take();
  // Nothing fails from here on.
  blocks_.push_back({.stream = stream, .objects = std::exchange(block.objects, {})});
  pool_.submit(header, std::move(plain));
}

void PackWriter::write_next_block() {
  is_torn_ = true;
  base::Bytes sealed = pool_.take();
  const std::optional<BlockHeader> header = BlockHeader::decode(sealed);
  if (!header) base::fail(base::ErrorCode::kInternal, "seal a block: it has no header");
  BlockEntry& block = blocks_.at(written_blocks_++);
  block.place = size_;
  block.plain_length = header->plain_length;
  block.sealed_length = header->sealed_length;
  for (const ObjectEntry& object : block.objects) unsealed_bytes_ -= object.length;
  write(std::move(sealed));
  is_torn_ = false;
}

void PackWriter::write(base::Bytes bytes) {
  size_ += bytes.size();
  output_.write(std::move(bytes));
}

Pack PackWriter::finish() {
  for (const Stream stream :
       {Stream::kBinaries, Stream::kTexts, Stream::kRecords, Stream::kManifests}) {
    flush(stream);
  }
  while (!pool_.empty()) write_next_block();
  const std::uint64_t trailer_place = size_;
  BlockHeader header;
  header.pack = id_;
  header.stream = Stream::kTrailer;
  header.ordinal = static_cast<std::uint32_t>(blocks_.size());
  base::Bytes trailer = encode_trailer(blocks_);
  pool_.prepare();
  is_torn_ = true;
  pool_.submit(header, std::move(trailer));
  write(pool_.take());
  write(encode_footer(id_, trailer_place));
  Pack pack{.name = output_.finish(),
            .id = id_,
            .effort = effort_,
            .size = size_,
            .blocks = std::move(blocks_)};
  // If the name already exists, that pack has exactly these bytes.
  file_.commit(pack.name.hex(), base::OnExisting::kFail);
  return pack;
}

}  // namespace store
