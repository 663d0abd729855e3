#include "store/index/object_reader.h"

#include <algorithm>

#include "base/error.h"
#include "base/finally.h"
#include "base/log.h"
#include "store/format/right_version.h"
#include "store/index/freed_memory.h"
#include "store/message/split.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

// The blocks of a longer message displace all others in any case, and few of them are needed twice.
constexpr std::uint64_t kLongMessage = std::uint64_t{16} << 20;
constexpr std::uint64_t kCachedForLong = std::uint64_t{24} << 20;

class StoredParts : public PartSource {
 public:
  explicit StoredParts(ObjectReader& reader) : reader_(reader) {}

  base::ByteView get(PartKind kind, const ObjectId& id) override {
    part_ = reader_.read(kind == PartKind::kText ? ObjectType::kText : ObjectType::kBinary, id);
    return part_.bytes;
  }

 private:
  ObjectReader& reader_;
  ObjectView part_;  // the most recent one
};

}  // namespace

ObjectReader::ObjectReader(Storage& storage, const BlockContext& context, Index& index,
                           std::uint64_t cache_bytes)
    : storage_(storage), context_(context), index_(index), cache_limit_(cache_bytes) {}

std::optional<ObjectPlace> ObjectReader::find(ObjectType type, const ObjectId& id) {
  return index_.find(type, id);
}

std::optional<ObjectPlace> ObjectReader::find_required(ObjectType type, const ObjectId& id) {
  return find_elsewhere(type, id, std::nullopt);
}

// The object's place, unless it is in this block. A listing may be late, so one look is not enough;
// a store that has really lost something is not searched for each object.
std::optional<ObjectPlace> ObjectReader::find_elsewhere(ObjectType type, const ObjectId& id,
                                                        std::optional<std::int64_t> not_in) {
  constexpr unsigned kMaxLooksInVain = 6;
  constexpr unsigned kMaxLooks = 100;
  if (not_in) index_.see_newest();
  std::optional<ObjectPlace> place = find(type, id);
  const auto is_found = [&] { return place && place->block != not_in; };
  bool has_looked = false;
  while (!is_found() && look_again_ && looks_in_vain_ < kMaxLooksInVain && looks_ < kMaxLooks) {
    has_looked = true;
    ++looks_;
    ++looks_in_vain_;
    look_again_();
    index_.see_newest();
    place = find(type, id);
  }
  if (!is_found()) return std::nullopt;
  if (has_looked) looks_in_vain_ = 0;
  return place;
}

ObjectView ObjectReader::read(ObjectType type, const ObjectId& id) {
  const auto expected = expected_.find(id);
  if (expected != expected_.end()) return read_at(type, id, expected->second);
  const std::optional<ObjectPlace> place = find_required(type, id);
  if (!place) {
    fail(ErrorCode::kDamaged, "read {} {}: it is not in the store: run mailstow-backupd check",
         name_of(type), id.hex());
  }
  return read_at(type, id, *place);
}

ObjectView ObjectReader::read_at(ObjectType type, const ObjectId& id, const ObjectPlace& place) {
  std::shared_ptr<const base::Bytes> block;
  if (used_.empty() || used_.back() != place.block) used_.push_back(place.block);
  try {
    block = load(place.block);
  } catch (const base::Error& error) {
    // Prune may have moved it since the lookup. A storage that can't be reached proves nothing.
    if (error.code() != ErrorCode::kStorage) {
      if (const auto now = find_elsewhere(type, id, place.block)) return read_at(type, id, *now);
    }
    const bool is_wrong = error.code() == ErrorCode::kDamaged || error.code() == ErrorCode::kConfig;
    if (is_wrong && choose_older_versions({place.block})) return read_at(type, id, place);
    fail(error.code() == ErrorCode::kNotFound ? ErrorCode::kDamaged : error.code(),
         "read {} {}: {}", name_of(type), id.hex(), error.what());
  }
  if (place.start > block->size() || place.length > block->size() - place.start) {
    fail(ErrorCode::kDamaged,
         "read {} {}: its place in the index is wrong: run mailstow-backupd reindex", name_of(type),
         id.hex());
  }
  const base::ByteView bytes = base::ByteView(*block).subspan(place.start, place.length);
  return {.block = std::move(block), .bytes = bytes};
}

base::Bytes ObjectReader::read_manifest(ObjectType type, const ObjectId& id) {
  if (unpublished_) {
    if (const base::Bytes* bytes = unpublished_(id)) return *bytes;
  }
  used_.clear();
  ObjectView object = read(type, id);
  const auto is_right = [&] { return object_id(context_.keys, type, object.bytes) == id; };
  if (!is_right() && choose_older_versions(used_)) {
    forget_blocks();
    object = read(type, id);
  }
  if (!is_right()) {
    fail(ErrorCode::kDamaged, "read {} {}: it does not match its id: run mailstow-backupd reindex",
         name_of(type), id.hex());
  }
  return {object.bytes.begin(), object.bytes.end()};
}

void ObjectReader::rebuild_record(base::ByteView record,
                                  const std::function<void(base::ByteView)>& take) {
  StoredParts parts(*this);
  rebuild(record, parts, take);
}

MessageBytes ObjectReader::read_message(const ObjectId& id, const ObjectPlace& place,
                                        const SpoolPlace& spool) {
  MessageBuffer buffer(spool);
  const MessageDigest read = rebuild_message(
      id, place, [&](std::uint64_t size) { buffer.begin(size); },
      [&](base::ByteView piece) { buffer.add(piece); });
  MessageBytes bytes = buffer.take();
  bytes.set_digest(read.digest);
  return bytes;
}

MessageDigest ObjectReader::check_message(const ObjectId& id, const ObjectPlace& place) {
  return rebuild_message(
      id, place, [](std::uint64_t) {}, [](base::ByteView) {});
}

base::Bytes ObjectReader::read_beginning(const ObjectId& id, const ObjectPlace& place,
                                         std::size_t max) {
  base::Bytes beginning;
  rebuild_message(
      id, place, [&](std::uint64_t) { beginning.clear(); },
      [&](base::ByteView piece) {
        const base::ByteView wanted = piece.first(std::min(piece.size(), max - beginning.size()));
        beginning.insert(beginning.end(), wanted.begin(), wanted.end());
      });
  return beginning;
}

MessageDigest ObjectReader::rebuild_message(const ObjectId& id, const ObjectPlace& place,
                                            const Begin& begin, const Take& take) {
  used_.clear();
  try {
    return rebuild_once(id, place, begin, take);
  } catch (const base::Error& error) {
    // With the store's key, a pack can be forged whose blocks open, but not one with its digest.
    // Blocks of it may have been read ahead.
    if (error.code() != ErrorCode::kDamaged) throw;
    if (!choose_older_versions(used_) && !reads_older_) throw;
    forget_blocks();
  }
  return rebuild_once(id, place, begin, take);
}

MessageDigest ObjectReader::rebuild_once(const ObjectId& id, const ObjectPlace& place,
                                         const Begin& begin, const Take& take) {
  const ObjectView record = read_at(ObjectType::kMessage, id, place);
  Sha256Hash hash;
  std::uint64_t size = 0;
  const base::Finally end([this] { is_rebuilding_long_ = false; });
  try {
    size = message_size(record.bytes);
    if (size > kLongMessage) {
      is_rebuilding_long_ = true;
      return_freed_memory();
      trim();
    }
    begin(size);
    rebuild_record(record.bytes, [&](base::ByteView piece) {
      hash.update(piece);
      take(piece);
    });
  } catch (const base::Error& error) {
    fail(error.code(), "read message {}: {}", id.hex(), error.what());
  }
  const Sha256 digest = hash.finish();
  if (object_id(context_.keys, ObjectType::kMessage, digest) != id) {
    fail(ErrorCode::kDamaged, "read message {}: its bytes are not what was stored", id.hex());
  }
  return {.digest = digest, .size = size};
}

bool ObjectReader::touch(std::int64_t block) {
  const auto found = cached_.find(block);
  if (found == cached_.end()) return false;
  cache_.splice(cache_.begin(), cache_, found->second);
  return true;
}

std::shared_ptr<const base::Bytes> ObjectReader::load(std::int64_t block) {
  if (touch(block)) return cache_.front().bytes;
  auto bytes = std::make_shared<const base::Bytes>(open(block, index_.block(block)));
  keep(block, bytes);
  return bytes;
}

base::Bytes ObjectReader::open(std::int64_t block, const BlockPlace& place) {
  std::optional<PackFile> opened;
  const bool is_lent = lent_.second != nullptr && lent_.first == place.pack;
  PackFile& pack = is_lent ? *lent_.second : opened.emplace(PackFile::open(storage_, place.pack));
  if (place.plain_length > kMaxBlock || place.sealed_length > kMaxBlock) {
    fail(ErrorCode::kDamaged,
         "{}: the index describes a block wrongly: run mailstow-backupd reindex", pack.name());
  }
  const std::string name = fmt::format("{}: block {}", pack.name(), place.ordinal);
  const auto kept = kept_ == nullptr ? nullptr : kept_->find(block);
  if (kept != nullptr) return open_block(context_, place.header(), *kept, decompressor_, name);
  if (std::optional<base::Bytes> plain = open_cached(place, name)) return *std::move(plain);
  const base::Bytes sealed = pack.read_block(place.offset, place.sealed_length);
  base::Bytes plain = open_block(context_, place.header(), sealed, decompressor_, name);
  const bool is_for_others = cache_on_disk_ != nullptr && cache_use_ == CacheUse::kFindAndKeep &&
                             place.stream == Stream::kManifests;
  if (is_for_others) cache_on_disk_->add(place.header(), sealed);
  return plain;
}

std::optional<base::Bytes> ObjectReader::open_cached(const BlockPlace& place,
                                                     const std::string& name) {
  if (cache_on_disk_ == nullptr || place.stream != Stream::kManifests) return std::nullopt;
  const std::optional<base::Bytes> sealed = cache_on_disk_->find(place.header());
  if (!sealed) return std::nullopt;
  try {
    return open_block(context_, place.header(), *sealed, decompressor_, name);
  } catch (const base::Error& error) {
    if (error.code() != ErrorCode::kDamaged) throw;
    base::log_debug("cache: {}", error.what());
    cache_on_disk_->remove(place.header());
    return std::nullopt;
  }
}

// Whether these blocks are read from elsewhere from now on, because they are not what was written:
// from older versions of their packs, or not from the cache. A pack that was lent is judged by its
// owner.
bool ObjectReader::choose_older_versions(const std::vector<std::int64_t>& blocks) {
  bool has_chosen = false;
  bool has_removed = false;
  for (const std::int64_t block : blocks) {
    std::optional<BlockPlace> place;
    try {
      place = index_.block(block);
    } catch (const base::Error& error) {
      if (error.code() != ErrorCode::kNotFound) throw;
      continue;  // a prune has removed it
    }
    has_removed = remove_cached(*place) || has_removed;
    const bool is_lent = lent_.second != nullptr && lent_.first == place->pack;
    if (is_lent || !tried_.insert(place->pack).second) continue;
    has_chosen = choose_right_pack(storage_, place->pack) || has_chosen;
  }
  reads_older_ = reads_older_ || has_chosen;
  return has_chosen || has_removed;
}

// It may have been kept from a pack that was forged. Returns whether it was there, and is gone now.
bool ObjectReader::remove_cached(const BlockPlace& place) {
  if (cache_on_disk_ == nullptr || place.stream != Stream::kManifests) return false;
  return cache_on_disk_->remove(place.header());
}

void ObjectReader::forget_blocks() {
  cache_.clear();
  cached_.clear();
  cached_bytes_ = 0;
}

void ObjectReader::adopt(std::int64_t block, std::shared_ptr<const base::Bytes> bytes) {
  if (!has_cached(block)) keep(block, std::move(bytes));
}

void ObjectReader::keep(std::int64_t block, std::shared_ptr<const base::Bytes> bytes) {
  const std::uint64_t size = bytes->size();
  // In this order, nothing is cached by halves if memory runs out.
  std::list<CachedBlock> entry;
  entry.push_front({.block = block, .bytes = std::move(bytes)});
  cached_[block] = entry.begin();
  cache_.splice(cache_.begin(), entry);
  cached_bytes_ += size;
  trim();
}

void ObjectReader::set_aside(std::uint64_t bytes) {
  set_aside_ = bytes;
  trim();
}

void ObjectReader::trim() {
  std::uint64_t limit = cache_limit_ - std::min(cache_limit_, set_aside_);
  if (is_rebuilding_long_) limit = std::min(limit, kCachedForLong);
  while (cached_bytes_ > limit && cache_.size() > 1) {
    cached_bytes_ -= cache_.back().bytes->size();
    cached_.erase(cache_.back().block);
    cache_.pop_back();
  }
}

}  // namespace store
