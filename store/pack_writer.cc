#include "store/pack_writer.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/make_room.h"
#include "store/format/layout.h"

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

// An account's remaining data gets a block of its own from this size on: otherwise reading it would
// read several megabytes of the others in each pack.
constexpr std::size_t own_block(Stream stream, Effort effort) {
  return block_target(stream, effort) / (effort == Effort::kFast ? 16 : 64);
}

// The rest of several accounts shares a block up to this size.
constexpr std::size_t shared_block(Stream stream, Effort effort) {
  return block_target(stream, effort) / (effort == Effort::kFast ? 4 : 8);
}

// No account has this name, which is not UTF-8, and it comes after all others.
constexpr std::string_view kSeveralAccounts = "\xff";

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

PackWriter::PackWriter(Storage& storage, const BlockContext& context, SealingPool& pool,
                       Effort effort, BlockCache* cache)
    : context_(context),
      pool_(pool),
      upload_(storage.upload(kPacksArea)),
      id_(random_pack_id()),
      effort_(effort),
      cache_(cache) {
  write(PackHeader{.store = context_.store, .pack = id_, .effort = effort_}.encode());
}

void PackWriter::add(ObjectType type, const ObjectId& id, base::ByteView object,
                     std::uint64_t message_size, std::string_view account) {
  const Stream stream = stream_of(type);
  if (!account.empty()) {
    needs_.insert_or_assign(id, Need{.first_account = std::hash<std::string_view>()(account)});
  }
  OpenBlock& block = block_for(stream, account);
  const std::size_t target = block_target(stream, effort_);
  if (!block.builder.empty() && block.builder.size() + object.size() > target) flush(block);
  make_room_for(object.size());
  if (block.builder.empty() && is_single()) block.builder.expect(target);
  base::make_room_for_one(block.objects);
  const std::uint32_t start = block.builder.add(type, object);
  block.objects.push_back({.type = type,
                           .id = id,
                           .start = start,
                           .length = static_cast<std::uint32_t>(object.size()),
                           .message_size = message_size});
  unsealed_bytes_ += object.size();
  open_bytes_ += object.size();
  ++objects_;
}

void PackWriter::note_need(const ObjectId& id, std::string_view account) {
  const auto found = needs_.find(id);
  if (found == needs_.end()) return;
  Need& need = found->second;
  need.is_common |= need.first_account != std::hash<std::string_view>()(account);
}

bool PackWriter::is_common(const ObjectId& id) const {
  const auto found = needs_.find(id);
  return found != needs_.end() && found->second.is_common;
}

// Moves the common objects of an account's block into that of several accounts. They stay open.
void PackWriter::take_out_common(OpenBlock& block) {
  const auto is_common = [this](const ObjectEntry& object) { return this->is_common(object.id); };
  if (std::ranges::none_of(block.objects, is_common)) return;
  OpenBlock own(block.stream);
  OpenBlock common(block.stream);
  for (const ObjectEntry& object : block.objects) {
    OpenBlock& to = is_common(object) ? common : own;
    ObjectEntry moved = object;
    moved.start = to.builder.add(object.type, block.builder.object(object.start, object.length));
    to.objects.push_back(moved);
  }
  const std::vector<ObjectEntry> moved = common.objects;
  OpenBlock& into = block_for(block.stream, kSeveralAccounts);
  if (into.builder.size() + common.builder.size() > block_target(block.stream, effort_)) {
    flush(into);
  }
  join(common, into);
  // Nothing fails from here on.
  std::swap(block.builder, own.builder);
  std::swap(block.objects, own.objects);
  for (const ObjectEntry& object : moved) needs_.erase(object.id);
}

PackWriter::OpenBlock& PackWriter::block_for(Stream stream, std::string_view account) {
  return open_.try_emplace({std::string(account), stream}, stream).first->second;
}

// Whether only one account is being written: its blocks are probably filled.
bool PackWriter::is_single() const {
  const auto is_open = [](const auto& open) { return !open.second.builder.empty(); };
  return std::ranges::count_if(open_, is_open) < static_cast<std::ptrdiff_t>(kDataStreams);
}

void PackWriter::make_room_for(std::size_t bytes) {
  while (open_bytes_ > 0 && open_bytes_ + bytes > max_open_blocks(effort_)) {
    OpenBlock& largest = std::ranges::max_element(open_, {}, [](const auto& open) {
                           return open.second.builder.size();
                         })->second;
    if (largest.builder.size() >= own_block(largest.stream, effort_)) {
      flush(largest);
    } else {
      flush_all(largest.stream);  // many small accounts
    }
  }
}

bool PackWriter::full() const {
  // Mail compresses to about a third; the bytes still to be sealed are counted as half.
  return size_ + unsealed_bytes_ / 2 >= kPackTarget || objects_ >= kMaxObjects;
}

void PackWriter::flush(OpenBlock& block) {
  take_out_common(block);
  if (block.builder.empty()) return;
  while (!pool_.has_room() || pool_.next_is_ready()) write_next_block();
  BlockHeader header;
  header.pack = id_;
  header.stream = block.stream;
  header.ordinal = static_cast<std::uint32_t>(blocks_.size());
  pool_.prepare();
  base::make_room_for_one(blocks_);
  base::Bytes plain = block.builder.take();
  // Nothing fails from here on.
  for (const ObjectEntry& object : block.objects) {
    open_bytes_ -= object.length;
    needs_.erase(object.id);
  }
  blocks_.push_back({.stream = block.stream, .objects = std::exchange(block.objects, {})});
  pool_.submit(header, std::move(plain));
}

// In the order of the accounts.
void PackWriter::flush_all(Stream stream) {
  OpenBlock* shared = nullptr;
  for (auto& [key, block] : open_) {
    if (block.stream != stream) continue;
    take_out_common(block);
    if (block.builder.empty()) continue;
    if (block.builder.size() >= own_block(stream, effort_)) {
      flush(block);
      continue;
    }
    if (shared != nullptr &&
        shared->builder.size() + block.builder.size() > shared_block(stream, effort_)) {
      flush(*shared);
      shared = nullptr;
    }
    if (shared == nullptr) {
      shared = &block;
    } else {
      join(block, *shared);
    }
  }
  if (shared != nullptr) flush(*shared);
}

void PackWriter::join(OpenBlock& block, OpenBlock& into) {
  into.objects.reserve(into.objects.size() + block.objects.size());
  const std::uint32_t start = into.builder.take_over(block.builder);
  for (ObjectEntry& object : block.objects) {
    object.start += start;
    into.objects.push_back(object);
  }
  block.objects.clear();
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
  if (cache_ != nullptr && header->stream == Stream::kManifests) cache_->add(*header, sealed);
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
    flush_all(stream);
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
  write(encode_footer(id_, size_ - trailer_place, effort_));
  Pack pack{.name = output_.finish(),
            .id = id_,
            .effort = effort_,
            .size = size_,
            .blocks = std::move(blocks_)};
  upload_->publish(pack.name.hex());
  return pack;
}

}  // namespace store
