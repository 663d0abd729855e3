// Reads objects by their ids: their places from the index, their bytes from the packs; keeps the
// last blocks decompressed.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "store/format/pack.h"
#include "store/index/block_cache.h"
#include "store/index/index.h"
#include "store/index/kept_blocks.h"
#include "store/message/message_bytes.h"
#include "store/storage/storage.h"

namespace store {

// Whether blocks that a reader has read are kept in the cache for others.
enum class CacheUse { kFindAndKeep, kFind };

// An object's bytes in a block that this keeps alive.
struct ObjectView {
  std::shared_ptr<const base::Bytes> block;
  base::ByteView bytes;
};

class ObjectReader {
 public:
  // Twice what the open block of every stream takes.
  static constexpr std::uint64_t kCacheBytes = std::uint64_t{40} << 20;

  // All arguments must outlive the reader, which keeps at most `cache_bytes` of decompressed blocks
  // (one if it is larger).
  ObjectReader(Storage& storage, const BlockContext& context, Index& index,
               std::uint64_t cache_bytes = kCacheBytes);

  // Until take_back(), blocks of this pack are read through `file`.
  void lend(const PackName& pack, PackFile& file) { lent_ = {pack, &file}; }
  void take_back() { lent_ = {}; }

  // Blocks found here are not read from their packs. `kept` must outlive the reader.
  void read_first_from(const KeptBlocks& kept) { kept_ = &kept; }

  // Blocks of manifests are looked for in the cache first, which must outlive the reader. One that
  // is damaged there is removed, and read from its pack.
  void use_cache(BlockCache& cache, CacheUse use = CacheUse::kFindAndKeep) {
    cache_on_disk_ = &cache;
    cache_use_ = use;
  }

  // Whether an object of the block can be read without reading its pack.
  bool has_cached(std::int64_t block) const { return cached_.contains(block); }

  // The same; a block that is cached stays so for longer.
  bool touch(std::int64_t block);

  // Keeps a block that was read elsewhere, as if it had been read here.
  void adopt(std::int64_t block, std::shared_ptr<const base::Bytes> bytes);

  // Keeps so many bytes less than `cache_bytes` from now on, because others keep them.
  void set_aside(std::uint64_t bytes);

  // Parts whose places are known need not be looked up. Replaces those of an earlier call.
  using Places = std::unordered_map<ObjectId, ObjectPlace>;
  void expect(Places parts) { expected_ = std::move(parts); }

  // Manifests that no pack has yet; returns null if the manifest is in a pack.
  using Unpublished = std::function<const base::Bytes*(const ObjectId& id)>;
  void look_first_in(Unpublished unpublished) { unpublished_ = std::move(unpublished); }

  // Brings the index up to date. Called before an object is reported lost, some times in a row at
  // most.
  using LookAgain = std::function<void()>;
  void look_again_with(LookAgain look_again) { look_again_ = std::move(look_again); }

  std::optional<ObjectPlace> find(ObjectType type, const ObjectId& id);

  // The same, for an object that must be there.
  std::optional<ObjectPlace> find_required(ObjectType type, const ObjectId& id);

  // Both fail with kDamaged, naming object and pack. A part's bytes are not compared with its id:
  // the message built from them is.
  ObjectView read(ObjectType type, const ObjectId& id);
  ObjectView read_at(ObjectType type, const ObjectId& id, const ObjectPlace& place);

  // Reads a manifest, and compares it with its id.
  base::Bytes read_manifest(ObjectType type, const ObjectId& id);

  // Rebuilds the message of a record from the parts that it names, whatever its id.
  void rebuild_record(base::ByteView record, const std::function<void(base::ByteView)>& take);

  // The next three rebuild the message from its record and parts, and compare all of it with its
  // id before they return: they fail with kDamaged. While a message of more than 16 MiB is rebuilt,
  // at most 24 MiB of decompressed blocks are kept.

  // Also fails with kIo and kNoSpace, of `spool`.
  MessageBytes read_message(const ObjectId& id, const ObjectPlace& place, const SpoolPlace& spool);

  // Keeps nothing of the message.
  MessageDigest check_message(const ObjectId& id, const ObjectPlace& place);

  // The first `max` bytes of it.
  base::Bytes read_beginning(const ObjectId& id, const ObjectPlace& place, std::size_t max);

 private:
  struct CachedBlock {
    std::int64_t block = 0;
    std::shared_ptr<const base::Bytes> bytes;
  };

  std::optional<ObjectPlace> find_elsewhere(ObjectType type, const ObjectId& id,
                                            std::optional<std::int64_t> not_in);
  std::shared_ptr<const base::Bytes> load(std::int64_t block);
  bool choose_older_versions(const std::vector<std::int64_t>& blocks);
  bool remove_cached(const BlockPlace& place);
  void forget_blocks();
  // `begin` is called before the first piece, and a second time if all pieces follow once more,
  // from older versions of packs. The pieces count only once the call returns.
  using Begin = std::function<void(std::uint64_t size)>;
  using Take = std::function<void(base::ByteView)>;
  MessageDigest rebuild_message(const ObjectId& id, const ObjectPlace& place, const Begin& begin,
                                const Take& take);
  MessageDigest rebuild_once(const ObjectId& id, const ObjectPlace& place, const Begin& begin,
                             const Take& take);
  base::Bytes open(std::int64_t block, const BlockPlace& place);
  std::optional<base::Bytes> open_cached(const BlockPlace& place, const std::string& name);
  void keep(std::int64_t block, std::shared_ptr<const base::Bytes> bytes);
  void trim();

  Storage& storage_;
  const BlockContext& context_;
  Index& index_;
  std::uint64_t cache_limit_;
  std::uint64_t set_aside_ = 0;
  bool is_rebuilding_long_ = false;
  Unpublished unpublished_;
  LookAgain look_again_;
  unsigned looks_ = 0;
  unsigned looks_in_vain_ = 0;  // in a row
  Decompressor decompressor_;

  std::list<CachedBlock> cache_;  // most recently used first
  std::unordered_map<std::int64_t, std::list<CachedBlock>::iterator> cached_;
  std::uint64_t cached_bytes_ = 0;
  std::pair<PackName, PackFile*> lent_{};
  const KeptBlocks* kept_ = nullptr;
  BlockCache* cache_on_disk_ = nullptr;
  CacheUse cache_use_ = CacheUse::kFind;
  Places expected_;
  std::vector<std::int64_t> used_;  // blocks of the message or manifest that is being read
  std::set<PackName> tried_;        // packs of which an older version was looked for
  bool reads_older_ = false;        // one was found
};

}  // namespace store
