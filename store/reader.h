// Reads a store through its index. Any number of readers can work alongside one writer.
//
// Not thread-safe: each thread needs its own reader. Fails with base::Error: kDamaged if the
// store's data is not what was written (the error names the object; everything else can still be
// read), kNotFound, kIo.
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
#include "base/error.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/object_id.h"
#include "store/format/snapshot.h"
#include "store/message/message_bytes.h"

namespace store {

class Reader {
 public:
  // Fails with kKey, or kNotFound (no store, or no index: reindex creates one). With
  // Location::has_own_index, brings the index up to date first, and again before the reader reports
  // something lost. Logs a warning,
  // once in a process, if the store and its index were restored to an older state.
  // With Location::past_index, opens the store as of the commit of that index, and fails with
  // kConfig if it is an index of another kind. Snapshots out of the location's reach, and accounts
  // that have no others, do not exist for this reader.
  static Reader open(const Location& location, base::FileSystem& files);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  // Every account that has a snapshot, sorted.
  std::vector<std::string> accounts();

  // What the sequence of every new snapshot exceeds (Commit::used_up); 0: no account was forgotten.
  std::uint64_t used_up();

  // The account's snapshots in the order in which they were made, whatever times they have. Empty
  // if there is no such account.
  std::vector<SnapshotInfo> snapshots(std::string_view account);

  // The same, those out of reach too: only for checks that say nothing of them, such as whether a
  // mailbox is still the same person's.
  std::vector<SnapshotInfo> snapshots_in_and_out_of_reach(std::string_view account);

  // The backup (not rescue) that was made last; if `at` is given, the one with the greatest time
  // not after it, of equal times the one made last.
  std::optional<SnapshotInfo> newest_snapshot(std::string_view account,
                                              std::optional<std::chrono::sys_seconds> at = {});

  // The snapshot's folders, in the order in which they were added.
  std::vector<FolderRecord> folders(const SnapshotInfo& snapshot);

  // The ids of the same folders, and the folder behind one id: most folders are the same in many
  // snapshots, and need not be read for each.
  std::vector<ObjectId> folder_ids(const SnapshotInfo& snapshot);
  FolderRecord folder(const ObjectId& id);

  // The properties recorded of the account itself.
  std::vector<Property> properties(const SnapshotInfo& snapshot);

  // Calls back in ascending UID order.
  void for_each_message(const FolderRecord& folder,
                        const std::function<void(const MessageEntry&)>& take);
  // The same from `first` on, until `take` returns false.
  void for_each_message_from(const FolderRecord& folder, base::Uid first,
                             const std::function<bool(const MessageEntry&)>& take);

  bool contains(const MessageId& message);

  // Reads the message to compute it. For a folder's messages FolderDraft::digest() knows it
  // already.
  Sha256 digest(const MessageId& message);

  // The message's exact bytes, checked against its id. More than Location::max_in_memory of them
  // are in a file: fails with kNoSpace, too.
  MessageBytes read_message(const MessageId& message);

  // The message's first bytes, at most `max`; all of it is checked against its id.
  base::Bytes read_beginning(const MessageId& message, std::size_t max);

  using Damaged = std::function<void(std::size_t position, const base::Error& why)>;

  // Reads each message once, in the order of their positions in the store, whatever the order of
  // `messages`. While `take` runs, a thread of the reader reads the blocks of the next ones: up to
  // 24 MiB, which count as part of the 64 MiB that a reader caches. `position` is the index in
  // `messages`; `take` may keep a copy of the bytes. A message that is damaged, or for whose file
  // there is no room (kNoSpace), is passed to `damaged` instead, and the others follow.
  void read_messages(
      std::span<const MessageId> messages,
      const std::function<void(std::size_t position, const MessageBytes& bytes)>& take,
      const Damaged& damaged);

  // The same for digests and sizes alone: nothing is kept of the messages.
  void check_messages(
      std::span<const MessageId> messages,
      const std::function<void(std::size_t position, const MessageDigest& found)>& take,
      const Damaged& damaged);

  // For other messages that are kept while the reader's are used; valid as long as the reader.
  const SpoolPlace& spool_place() const;

  struct StoreSize {
    std::uint64_t packs = 0;
    std::uint64_t pack_bytes = 0;
    std::uint64_t index_bytes = 0;
    std::uint64_t search_bytes = 0;   // of the search index, not included in index_bytes
    std::uint64_t messages = 0;       // distinct messages
    std::uint64_t message_bytes = 0;  // their size, before deduplication of parts and compression
  };
  StoreSize size();

 private:
  friend class FolderDraft;
  friend class History;
  friend class HolderSearch;
  friend class MessageFinder;
  friend class Envelopes;
  friend class Search;
  friend class SnapshotComparison;
  friend class Writer;
  class Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
