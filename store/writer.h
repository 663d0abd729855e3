// The one writer of a store. Holds its lock from open() to destruction.
//
// Not thread-safe from outside: one thread calls it. Every call may fail with base::Error: kIo and
// kNoSpace (the writer is then no longer usable, and what the last commit() acknowledged is safe),
// kDamaged. If memory runs out, the call has no effect and fails with std::bad_alloc; if a pack
// can't be finished for want of memory, it fails with kIo. seal() and add_snapshot() decode what
// they encoded with the readers' code and fail with Unstorable (store/format/verified.h) if the
// result differs: the writer and all that was added before remain valid.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "store/folder_draft.h"
#include "store/format/location.h"
#include "store/format/object_id.h"
#include "store/format/snapshot.h"
#include "store/index/commit_mark.h"
#include "store/message/incoming_message.h"

namespace store {

class Reader;

// Creates an empty store and its index, and the key file if that is absent. Fails with kUsage if
// a store already exists there.
void init(const Location& location, base::FileSystem& files, const base::Clock& clock);

struct StoredMessage {
  MessageId id;
  Sha256 digest;
  std::uint64_t size = 0;
  bool is_new = false;  // false: the store had it
};

struct SnapshotDraft {
  std::string account;
  std::chrono::sys_seconds time{};
  SnapshotKind kind = SnapshotKind::kBackup;
  SnapshotStatus status = SnapshotStatus::kComplete;
  std::string personal_prefix;
  std::vector<FolderRecord> folders;      // from seal(), or unchanged from an earlier snapshot
  std::vector<Property> properties = {};  // of the account
  std::uint64_t vanished = 0;             // SnapshotInfo::vanished
};

struct WriterStatistics {
  std::uint64_t new_messages = 0;
  std::uint64_t message_bytes = 0;  // of the new ones
  std::uint64_t stored_bytes = 0;   // written to packs
};

class Writer {
 public:
  // Fails with kBusy if another process writes, kKey without the right key, kNotFound if there is
  // no store. Indexes packs that the index does not know.
  static Writer open(const Location& location, base::FileSystem& files, const base::Clock& clock);
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  ~Writer();  // discards what was not committed

  // A message that comes piece by piece; memory stays bounded whatever its size. Any thread.
  IncomingMessage begin_message() const;

  // The configured length, in bytes, above which a message must not be received. Any thread.
  std::uint64_t max_message() const;

  // Clears `message`, also if it fails, so that it can take the next one. Its new parts are stored
  // with other mail of `account`, apart from that of accounts that are backed up at the same time.
  // Parts that were lost are stored again, even if the store has the message.
  StoredMessage add(IncomingMessage& message, std::string_view account = {});

  // Writes the leaves that differ from what the draft began with. May be called again on the same
  // draft after further changes.
  FolderRecord seal(FolderDraft& draft);

  // Becomes part of the next commit. At most one snapshot an account in one commit: a later one
  // replaces it.
  SnapshotInfo add_snapshot(const SnapshotDraft& draft);

  // After a failure: false if only what was committed is safe.
  bool is_usable() const;

  // Makes all that was added durable, then the snapshots visible: packs with content first, then
  // the pack with the roots (its rename is the commit point), then the index. Does nothing if
  // nothing was added.
  void commit();

  // Reads what was committed. Lives as long as the writer.
  Reader& reader();

  WriterStatistics statistics() const;

  // The last commit, to be remembered outside the store.
  CommitMark highest_commit();

  // For a store in a bucket, after a commit: puts a copy of the index there if one is due. Returns
  // the commit that it is of; nullopt: none was made. Fails as copy_index_if_due() does
  // (store/index/index_copy.h), which changes nothing in this writer.
  std::optional<std::uint64_t> copy_index_if_due();

  // Problems that open() found in the store, a line each: packs that are missing or unreadable.
  // Their content is stored again when a backup finds it again; what only they held is lost.
  const std::vector<std::string>& damage() const;

 private:
  class Impl;
  explicit Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
