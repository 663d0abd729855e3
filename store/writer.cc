#include "store/writer.h"

#include <map>

#include "base/error.h"
#include "base/finally.h"
#include "store/folder_draft_impl.h"
#include "store/message/message_intake.h"
#include "store/reader.h"
#include "store/reader_impl.h"
#include "store/write_session.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

// In bytes of messages: checking the free room takes longer than storing a small message.
constexpr std::uint64_t kRoomSeenEvery = std::uint64_t{1} << 20;

}  // namespace

class Writer::Impl {
 public:
  Impl(const Location& location, base::FileSystem& files, const base::Clock& clock)
      : session(location, files, clock, Effort::kFast),
        reader(Reader::Impl::make(files, location, session.context())) {
    reader.impl_->objects.look_first_in(
        [this](const ObjectId& id) { return session.unpublished(id); });
    leave_room();
  }

  // Stops before the disk is full: other programs on it would fail too, and a prune needs some room
  // to free more.
  void leave_room() {
    room_seen_at = statistics.message_bytes;
    const Location& location = session.location();
    if (location.keep_free == 0) return;
    const FreeSpace free = least_free_space(location, session.files());
    if (free.bytes >= location.keep_free) return;
    fail(ErrorCode::kNoSpace,
         "back up to {}: only {} MB are free {}, and {} MB must stay free: make room, prune, or "
         "set store.keep_free_mb",
         display_name(location), free.bytes / 1'000'000,
         location.is_directory() ? "there" : "in " + free.directory.string(),
         location.keep_free / 1'000'000);
  }

  StoredMessage add(MessageIntake& intake, std::string_view account) {
    intake.finish();
    StoredMessage stored;
    stored.digest = intake.digest();
    stored.id = message_id(session.context().keys, stored.digest);
    stored.size = intake.size();
    const bool is_known = session.knows(ObjectType::kMessage, stored.id.object, account);
    if (is_known) session.make_searchable(stored.id.object, intake.beginning());
    // A pack may be missing, or a repair may have given up its content.
    bool needs_room = !is_known;
    intake.for_each_part([&](PartKind kind, const ObjectId& id, base::ByteView bytes) {
      const ObjectType type = kind == PartKind::kText ? ObjectType::kText : ObjectType::kBinary;
      if (session.knows(type, id, account)) return;
      session.add(type, id, bytes, 0, account);
      needs_room = true;
    });
    if (!needs_room) return stored;
    if (!is_known) {
      session.add(ObjectType::kMessage, stored.id.object, intake.record(), stored.size, account);
      stored.is_new = true;
      ++statistics.new_messages;
      statistics.message_bytes += stored.size;
    }
    session.publish_if_full();
    if (!room_seen_at || statistics.message_bytes - *room_seen_at >= kRoomSeenEvery) leave_room();
    return stored;
  }

  void commit() {
    room_seen_at.reset();
    if (snapshots.empty()) {
      session.publish_if_any();
      return;
    }
    std::vector<SnapshotLine> lines;
    lines.reserve(snapshots.size());
    for (const auto& [account, line] : snapshots) lines.push_back(line);
    session.commit(in_series(Commit(), lines));
    snapshots.clear();
  }

  WriteSession session;
  Reader reader;
  std::map<std::string, SnapshotLine> snapshots;  // of the next commit, by account
  WriterStatistics statistics;
  std::optional<std::uint64_t> room_seen_at;  // of message_bytes; nothing: look again
};

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Writer Writer::open(const Location& location, base::FileSystem& files, const base::Clock& clock) {
  return Writer(std::make_unique<Impl>(location, files, clock));
}

IncomingMessage Writer::begin_message() const {
  const Location& location = impl_->session.location();
  return IncomingMessage(location.index, impl_->session.context().keys, location.keep_free);
}

std::uint64_t Writer::max_message() const {
  return impl_->session.location().max_message;
}

StoredMessage Writer::add(IncomingMessage& message, std::string_view account) {
  MessageIntake& intake = *message.intake_;
  const base::Finally clear([&intake] { intake.clear(); });
  return impl_->add(intake, account);
}

FolderRecord Writer::seal(FolderDraft& draft) {
  FolderRecord record = draft.impl_->seal(
      [&](ObjectType type, base::ByteView bytes) { return impl_->session.put(type, bytes); },
      ids_with(impl_->session.context().keys),
      [&](const UidTree::Group& group) { impl_->session.note_group(group); });
  impl_->session.publish_if_full();
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
                    .vanished = draft.vanished,
                    .root = {},
                    .sequence = impl_->session.index().next_sequence(draft.account)};
  Root root{.folders = {}, .properties = draft.properties};
  for (const FolderRecord& folder : draft.folders) {
    if (!impl_->session.knows(ObjectType::kFolder, folder.id)) {
      fail(ErrorCode::kInternal, "add a snapshot of {}: a folder that was never sealed",
           draft.account);
    }
    root.folders.push_back(folder.id);
    line.messages += folder.receipt.messages;
    line.bytes += folder.bytes;
  }
  verify(line);
  line.root = impl_->session.put(ObjectType::kRoot, root.encode());
  SnapshotInfo info = snapshot_info(snapshot_id(impl_->session.context().keys, line), line);
  impl_->snapshots.insert_or_assign(draft.account, std::move(line));
  return info;
}

bool Writer::is_usable() const {
  return !impl_->session.has_failed();
}

void Writer::commit() {
  impl_->commit();
}

Reader& Writer::reader() {
  return impl_->reader;
}

WriterStatistics Writer::statistics() const {
  WriterStatistics statistics = impl_->statistics;
  statistics.stored_bytes = impl_->session.stored_bytes();
  return statistics;
}

CommitMark Writer::highest_commit() {
  return impl_->session.index().highest_commit();
}

std::optional<std::uint64_t> Writer::copy_index_if_due() {
  return impl_->session.copy_index_if_due();
}

const std::vector<std::string>& Writer::damage() const {
  return impl_->session.damage();
}

}  // namespace store
