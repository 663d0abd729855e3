// Reads a store through its index. Any number of readers work beside one writer.
//
// Not thread-safe: one thread a reader. Fails with base::Error: kDamaged where the store is not
// what was written (the object is named, all else still reads), kNotFound, kIo.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/object_id.h"
#include "store/format/snapshot.h"

namespace store {

class Reader {
 public:
  // Fails with kKey, kNotFound (no store, or no index: reindex makes one).
  static Reader open(const Location& location, base::FileSystem& files);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  // Every account that has a snapshot, sorted.
  std::vector<std::string> accounts();

  // Oldest first. Empty if there is no such account.
  std::vector<SnapshotInfo> snapshots(std::string_view account);

  // The newest backup (not rescue) of the account; the newest not after `at` if given.
  std::optional<SnapshotInfo> newest_snapshot(std::string_view account,
                                              std::optional<std::chrono::sys_seconds> at = {});

  // In the order in which they were added.
  std::vector<FolderRecord> folders(const SnapshotInfo& snapshot);

  // The ids of the same folders, and what one of them stands for: most folders are the same in many
  // snapshots, and need not be read for each.
  std::vector<ObjectId> folder_ids(const SnapshotInfo& snapshot);
  FolderRecord folder(const ObjectId& id);

  // What was recorded of the account itself.
  std::vector<Property> properties(const SnapshotInfo& snapshot);

  // In ascending UID order.
  void for_each_message(const FolderRecord& folder,
                        const std::function<void(const MessageEntry&)>& take);

  bool contains(const MessageId& message);

  // Reads the message for it: of a folder's messages FolderDraft::digest() tells it at once.
  Sha256 digest(const MessageId& message);

  // The message's exact bytes, checked against its id.
  base::Bytes read_message(const MessageId& message);

  // Each once, in the order in which they lie in the store, whatever order they are asked for in.
  // `position` is its place in `messages`; `bytes` live for the call. A message that is damaged
  // goes to `damaged` with the reason instead, and the others follow.
  void read_messages(
      std::span<const MessageId> messages,
      const std::function<void(std::size_t position, base::ByteView bytes)>& take,
      const std::function<void(std::size_t position, const std::string& why)>& damaged);

  struct StoreSize {
    std::uint64_t packs = 0;
    std::uint64_t pack_bytes = 0;
    std::uint64_t index_bytes = 0;
    std::uint64_t search_bytes = 0;   // of the search index, apart from index_bytes
    std::uint64_t messages = 0;       // different ones
    std::uint64_t message_bytes = 0;  // theirs, before deduplication of parts and compression
  };
  StoreSize size();

 private:
  friend class FolderDraft;
  friend class History;
  friend class Search;
  friend class Writer;
  class Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
