#include "restore/store_rescue.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "base/error.h"
#include "base/log.h"
#include "imap/flag.h"
#include "restore/restore_request.h"
#include "store/folder_draft.h"
#include "store/history.h"
#include "store/reader.h"
#include "store/writer.h"

namespace restore {

namespace {

// Exchange serves this for what it can't convert, in place of the message.
constexpr std::string_view kStandIn =
    "\nSubject: Retrieval using the IMAP4 protocol failed for the following message";

// Whatever is not surely the message itself is left out: what is rescued is expunged next.
class RescueSink : public imap::MessageSink {
 public:
  explicit RescueSink(store::Writer& writer) : writer_(writer), incoming_(writer.begin_message()) {}

  void body_piece(base::ByteView piece) override {
    incoming_.add(piece);
    const std::size_t wanted = kBeginning - std::min(kBeginning, beginning_.size());
    beginning_ += base::as_text(piece.first(std::min(wanted, piece.size())));
  }

  void message(const imap::MessageItems& items, imap::BodyKind body) override {
    const bool has_body = body == imap::BodyKind::kLiteral || body == imap::BodyKind::kString;
    const std::string beginning = std::exchange(beginning_, "\n");
    if (!has_body || is_stand_in(beginning)) return incoming_.clear();
    const store::StoredMessage stored = writer_.add(incoming_);
    if (stored.size == 0 && items.size != std::uint64_t{0}) return;
    if (stored.size == 0 && !second_look_) {
      empty_.add(*items.uid);
      return;
    }
    store::MessageEntry entry;
    entry.uid = *items.uid;
    entry.message = stored.id;
    entry.internal_date = items.internal_date;
    entry.size = stored.size;
    entry.modseq = items.modseq.value_or(0);
    entry.flags = imap::normal_flags(items.flags.value_or(std::vector<std::string>()));
    ids_.push_back(stored.id);
    messages_.push_back({std::move(entry), stored.digest});
  }

  void discard() override {
    incoming_.clear();
    beginning_ = "\n";
  }

  // A server in trouble sends empty messages, too: an empty one must be empty twice.
  const imap::UidSet& empty() const { return empty_; }
  void look_again() { second_look_ = true; }

  const std::vector<store::MessageId>& ids() const { return ids_; }

  struct Message {
    store::MessageEntry entry;
    store::Sha256 digest;
  };
  std::vector<Message>& messages() { return messages_; }

 private:
  static constexpr std::size_t kBeginning = 16U << 10U;  // bytes: of a header

  static bool is_stand_in(std::string_view beginning) {
    const std::string_view header = beginning.substr(0, beginning.find("\r\n\r\n"));
    const auto found =
        std::search(header.begin(), header.end(), kStandIn.begin(), kStandIn.end(),
                    [](char a, char b) { return base::to_upper(a) == base::to_upper(b); });
    return found != header.end();
  }

  store::Writer& writer_;
  store::IncomingMessage incoming_;
  std::string beginning_ = "\n";  // of the message that is coming
  imap::UidSet empty_;
  bool second_look_ = false;
  std::vector<store::MessageId> ids_;
  std::vector<Message> messages_;
};

// Why one of them can't be read out of the store, or nothing.
std::string unreadable(store::Writer& writer, std::span<const store::MessageId> ids) {
  std::string trouble;
  writer.reader().check_messages(
      ids, [](std::size_t, const store::MessageDigest&) {},
      [&](std::size_t, const base::Error& why) { trouble = why.what(); });
  return trouble;
}

// A run that died has recorded only whole folders: other messages that it put there are in the
// snapshot that it restored.
std::set<store::MessageId> put_there_by_run(store::Reader& reader, const store::TreeRecord& record,
                                            const std::vector<store::MessageId>& ids) {
  if (record.state == store::TreeState::kComplete || record.request.empty()) return {};
  try {
    const std::string source = read_request(record.request).account;
    for (const store::SnapshotInfo& snapshot : reader.snapshots(source)) {
      if (snapshot.id != record.snapshot) continue;
      return store::held_anywhere(reader, snapshot, {ids.begin(), ids.end()});
    }
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    // Then all of it is rescued: too much, and nothing is lost.
    base::log_debug("{}: {}", record.name, error.what());
  }
  return {};
}

// How long another rescue of the same messages refers to the first: each snapshot stays for
// restore.sweep_keep from its own time on.
constexpr std::chrono::days kSameRescue{1};

// Returns the snapshot in which an earlier sweep put all of `rescued`, if it is no older than
// kSameRescue: a server may refuse the expunge each time.
std::optional<store::SnapshotInfo> earlier_rescue(store::Reader& reader, const std::string& account,
                                                  store::FolderDraft& rescued,
                                                  std::chrono::sys_seconds now) {
  try {
    for (const store::SnapshotInfo& snapshot : reader.snapshots(account)) {
      const bool is_recent = snapshot.time <= now && now - snapshot.time < kSameRescue;
      if (snapshot.kind != store::SnapshotKind::kRescue || !is_recent) continue;
      for (const store::FolderRecord& folder : reader.folders(snapshot)) {
        const bool is_same = folder.info.raw_name == rescued.info().raw_name &&
                             folder.info.uid_validity == rescued.info().uid_validity;
        if (!is_same) continue;
        store::FolderDraft kept(reader, folder);
        bool has_all = true;
        rescued.for_each([&](const store::MessageEntry& entry) {
          const auto found = kept.find(entry.uid);
          has_all = has_all && found && found->message == entry.message;
        });
        if (has_all) return snapshot;
      }
    }
  } catch (const base::Error& error) {
    if (!base::is_unreadable(error.code())) throw;
    base::log_debug("rescue: {}", error.what());
  }
  return std::nullopt;
}

}  // namespace

StoreRescue::StoreRescue(store::Location location, base::FileSystem& files,
                         const base::Clock& clock)
    : location_(std::move(location)), files_(files), clock_(clock) {}

Rescue::Kept StoreRescue::keep(imap::Session& session, const store::TreeRecord& record,
                               const store::TreeLevel& level, const imap::UidSet& uids) {
  try {
    store::Writer writer = store::Writer::open(location_, files_, clock_);
    store::FolderInfo info;
    info.raw_name = level.raw_name;
    info.delimiter = record.delimiter;
    info.uid_validity = level.identity ? level.identity->uid_validity : 0;
    store::FolderDraft draft(std::move(info));
    RescueSink sink(writer);
    session.fetch_messages(uids, sink);
    sink.look_again();
    if (!sink.empty().empty()) session.fetch_messages(sink.empty(), sink);
    if (sink.ids().size() != uids.count()) return {"the server did not send all of them"};
    const auto known = put_there_by_run(writer.reader(), record, sink.ids());
    for (RescueSink::Message& message : sink.messages()) {
      if (!known.contains(message.entry.message)) draft.put(message.entry, message.digest);
    }
    Kept kept;
    kept.known = sink.ids().size() - draft.messages();
    if (draft.messages() == 0) {
      const std::string trouble = unreadable(writer, sink.ids());
      return trouble.empty() ? kept : Kept{trouble, base::ErrorCode::kDamaged};
    }
    const auto now = clock_.now_seconds();
    auto snapshot = earlier_rescue(writer.reader(), record.account, draft, now);
    if (!snapshot) {
      const imap::Namespaces namespaces = session.namespaces();
      snapshot = writer.add_snapshot(
          {.account = record.account,
           .time = now,
           .kind = store::SnapshotKind::kRescue,
           .status = store::SnapshotStatus::kComplete,
           .personal_prefix = namespaces.personal.empty() ? "" : namespaces.personal.front().prefix,
           .folders = {writer.seal(draft)}});
      writer.commit();
    }
    const std::string trouble = unreadable(writer, sink.ids());
    if (!trouble.empty()) return {trouble, base::ErrorCode::kDamaged};
    kept.snapshot = snapshot->id.hex();
    return kept;
  } catch (const base::Error& error) {
    if (base::is_connection_trouble(error.code())) throw;
    return {error.what(), error.code()};
  }
}

}  // namespace restore
