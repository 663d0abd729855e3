// The internals of a Reader, for drafts and the writer, which read in the same way.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "store/format/commit.h"
#include "store/format/layout.h"
#include "store/index/block_cache.h"
#include "store/index/index.h"
#include "store/index/object_reader.h"
#include "store/message_groups.h"
#include "store/reader.h"
#include "store/storage/storage.h"

namespace store {

class Reader::Impl {
 public:
  Impl(base::FileSystem& files, const Location& location, const BlockContext& opened,
       std::uint64_t cache_bytes)
      : context(opened),
        storage(storage_of(location, files)),
        search_file(search_index_file(location)),
        has_own_index(location.has_own_index),
        is_past(location.is_past()),
        spool{.directory = location.index,
              .max_in_memory = location.max_in_memory,
              .keep_free = location.keep_free},
        index(Index::open_read_only(index_file(location), opened.store, use_of(location))),
        cache(location),
        objects(*storage, context, index, cache_bytes) {
    objects.use_cache(cache);
  }

  static Reader make(base::FileSystem& files, const Location& location, const BlockContext& context,
                     std::uint64_t cache_bytes = ObjectReader::kCacheBytes) {
    return Reader(std::make_unique<Impl>(files, location, context, cache_bytes));
  }

  // Also if the snapshot was dropped since its root was read.
  Root root_of(const SnapshotInfo& snapshot);

  // The lowest sequence number of the account's snapshots that is within reach.
  std::uint64_t first_within_reach(std::string_view account) const;

  // `messages`: in the order of their places.
  void for_each_placed(std::span<const PlacedMessage> messages,
                       const std::function<void(const PlacedMessage&)>& use);

  // Fails with kNotFound.
  ObjectPlace place_of(const MessageId& message);

  // Calls `use` for each message of which there is a record, in the order of their places;
  // `damaged` gets the others.
  void for_each_found(std::span<const MessageId> messages,
                      const std::function<void(const PlacedMessage&)>& use, const Damaged& damaged);

  // Why a message can't be found, and what to do.
  std::string missing(const MessageId& message);
  std::optional<bool> has_unknown_packs;  // nullopt: not looked yet

  BlockContext context;
  std::shared_ptr<Storage> storage;
  base::Path search_file;
  bool has_own_index;  // Location::has_own_index
  bool is_past;        // Location::is_past()
  SpoolPlace spool;
  Index index;
  BlockCache cache;
  ObjectReader objects;
  std::map<ObjectId, ObjectId> roots = {};    // of snapshots that were read
  std::optional<base::Reach> reach = {};      // nullopt in a writer, and for all of the history
  std::unique_ptr<base::FileLock> lock = {};  // null in a writer, which itself keeps prune out
};

}  // namespace store
