#include "store/writer.h"

#include <algorithm>
#include <map>
#include <thread>
#include <unordered_set>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "store/catch_up.h"
#include "store/commit.h"
#include "store/folder_draft_impl.h"
#include "store/index.h"
#include "store/key_slot.h"
#include "store/layout.h"
#include "store/message_intake.h"
#include "store/pack_writer.h"
#include "store/reader.h"
#include "store/reader_impl.h"
#include "store/sealing_pool.h"
#include "store/writer_lock.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr int kLevel = 3;
constexpr unsigned kMostThreads = 4;

void remove_rubbish(base::FileSystem& files, const base::Path& folder) {
  for (const std::string& name : files.list(folder)) {
    if (base::AtomicFile::is_temporary(name)) files.remove(folder / name);
  }
}

}  // namespace

class Writer::Impl {
 public:
  Impl(const Location& where, base::FileSystem& file_system, const base::Clock& time,
       const BlockContext& opened, std::unique_ptr<base::FileLock> held)
      : location(where),
        files(file_system),
        clock(time),
        lock(std::move(held)),
        context(opened),
        index(Index::open(index_file(location), context.store)),
        pool(context, kLevel, std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads)),
        intake(location.index) {
    for (const base::Path& folder :
         {packs_folder(location), keys_folder(location), location.index}) {
      remove_rubbish(files, folder);
    }
    damage = catch_up(location, files, context, index);
    check_highest_commit(files, location, index);
    for (const std::string& line : damage) base::log_warning("{}", line);
    reader = std::make_unique<Reader>(Reader::Impl::make(files, location, context));
  }

  // What goes wrong while writing leaves pack and index in no known state.
  template <typename Work>
  auto guarded(Work work) {
    if (failed) fail(ErrorCode::kIo, "write to the store: an earlier write failed: open it again");
    try {
      return work();
    } catch (...) {
      failed = true;
      throw;
    }
  }

  bool knows(ObjectType type, const ObjectId& id) {
    return pending.contains(id) || index.find(type, id).has_value();
  }

  void add(ObjectType type, const ObjectId& id, base::ByteView bytes, std::uint64_t size = 0) {
    guarded([&] {
      if (!pack) {
        pack = std::make_unique<PackWriter>(files, packs_folder(location), context, pool);
      }
      pack->add(type, id, bytes, size);
      pending.insert(id);
    });
  }

  ObjectId put(ObjectType type, base::ByteView bytes) {
    const ObjectId id = object_id(context.keys, type, bytes);
    if (!knows(type, id)) add(type, id, bytes);
    return id;
  }

  void publish(std::span<const std::pair<ObjectId, Commit>> commits) {
    guarded([&] {
      const Pack published = pack->finish();
      pack.reset();
      statistics.stored_bytes += published.size;
      index.add(published, commits, context.keys);
      pending.clear();
    });
  }

  void publish_if_full() {
    if (pack && pack->full()) publish({});
  }

  StoredMessage end_message() {
    StoredMessage stored;
    stored.digest = intake.finish_digest();
    stored.id = message_id(context.keys, stored.digest);
    stored.size = intake.size();
    if (knows(ObjectType::kMessage, stored.id.object)) return stored;
    const base::Bytes record =
        intake.make_record(stored.digest, [&](PartKind kind, base::ByteView bytes) {
          return put(kind == PartKind::kText ? ObjectType::kText : ObjectType::kBinary, bytes);
        });
    add(ObjectType::kMessage, stored.id.object, record, stored.size);
    stored.is_new = true;
    ++statistics.new_messages;
    statistics.message_bytes += stored.size;
    publish_if_full();
    return stored;
  }

  void commit() {
    if (snapshots.empty()) {
      if (pack) publish({});
      return;
    }
    const CommitMark highest = index.highest_commit();
    Commit next;
    next.number = highest.number + 1;
    next.time = std::chrono::floor<std::chrono::seconds>(clock.now());
    next.previous = highest.id;
    next.packs = index.packs_not_listed();
    for (auto& [account, line] : snapshots) next.snapshots.push_back(line);
    const base::Bytes bytes = next.encode();
    const ObjectId id = object_id(context.keys, ObjectType::kCommit, bytes);
    add(ObjectType::kCommit, id, bytes);
    publish(std::vector{std::pair(id, next)});
    guarded([&] { save_highest_commit(files, location, {.number = next.number, .id = id}); });
    snapshots.clear();
  }

  Location location;
  base::FileSystem& files;
  const base::Clock& clock;
  std::unique_ptr<base::FileLock> lock;
  BlockContext context;
  Index index;
  std::vector<std::string> damage;
  std::unique_ptr<Reader> reader;
  SealingPool pool;
  std::unique_ptr<PackWriter> pack;      // null: nothing is waiting
  std::unordered_set<ObjectId> pending;  // what `pack` holds
  MessageIntake intake;
  std::map<std::string, SnapshotLine> snapshots;  // of the next commit, by account
  WriterStatistics statistics;
  bool failed = false;
};

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Writer Writer::open(const Location& location, base::FileSystem& files, const base::Clock& clock) {
  const BlockContext context = open_keys(files, location.store, location.key_file);
  return Writer(
      std::make_unique<Impl>(location, files, clock, context, lock_for_writing(location, files)));
}

void Writer::add_piece(base::ByteView piece) {
  impl_->intake.add(piece);
}

StoredMessage Writer::end_message() {
  // The next message finds a clean slate even if this one fails.
  struct Clearing {
    MessageIntake& intake;
    explicit Clearing(MessageIntake& used) : intake(used) {}
    Clearing(const Clearing&) = delete;
    Clearing& operator=(const Clearing&) = delete;
    ~Clearing() { intake.clear(); }
  } const clearing(impl_->intake);
  return impl_->end_message();
}

void Writer::discard_message() {
  impl_->intake.clear();
}

FolderRecord Writer::seal(FolderDraft& draft) {
  FolderRecord record = draft.impl_->seal(
      [&](ObjectType type, base::ByteView bytes) { return impl_->put(type, bytes); },
      [&](const Sha256& digest) { return message_id(impl_->context.keys, digest); });
  impl_->publish_if_full();
  return record;
}

SnapshotInfo Writer::add_snapshot(const SnapshotDraft& draft) {
  SnapshotLine line{.account = draft.account,
                    .time = draft.time,
                    .kind = draft.kind,
                    .status = draft.status,
                    .personal_prefix = draft.personal_prefix,
                    .folders = draft.folders.size(),
                    .messages = 0,
                    .bytes = 0,
                    .root = {}};
  Root root{.folders = {}, .properties = draft.properties};
  for (const FolderRecord& folder : draft.folders) {
    if (!impl_->knows(ObjectType::kFolder, folder.id)) {
      fail(ErrorCode::kInternal, "add a snapshot of {}: a folder that was never sealed",
           draft.account);
    }
    root.folders.push_back(folder.id);
    line.messages += folder.receipt.messages;
    line.bytes += folder.bytes;
  }
  line.root = impl_->put(ObjectType::kRoot, root.encode());
  impl_->snapshots.insert_or_assign(draft.account, line);
  return snapshot_info(snapshot_id(impl_->context.keys, line), line);
}

void Writer::commit() {
  impl_->commit();
}

Reader& Writer::reader() {
  return *impl_->reader;
}

WriterStatistics Writer::statistics() const {
  return impl_->statistics;
}

const std::vector<std::string>& Writer::damage() const {
  return impl_->damage;
}

}  // namespace store
