#include "restore/store_rescue.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "imap/flag.h"
#include "store/folder_draft.h"
#include "store/writer.h"

namespace restore {

namespace {

class RescueSink : public imap::MessageSink {
 public:
  RescueSink(store::Writer& writer, store::FolderDraft& draft) : writer_(writer), draft_(draft) {}

  void body_piece(base::ByteView piece) override { writer_.add_piece(piece); }

  void message(const imap::MessageItems& items, imap::BodyKind body) override {
    if (body != imap::BodyKind::kLiteral && body != imap::BodyKind::kString) {
      writer_.discard_message();
      return;
    }
    const store::StoredMessage stored = writer_.end_message();
    if (stored.size == 0 && items.size != std::uint64_t{0}) return;
    store::MessageEntry entry;
    entry.uid = *items.uid;
    entry.message = stored.id;
    entry.internal_date = items.internal_date.value_or(base::ZonedTime());
    entry.size = stored.size;
    entry.modseq = items.modseq.value_or(0);
    for (const std::string& flag : items.flags.value_or(std::vector<std::string>())) {
      if (!imap::is_recent(flag)) entry.flags.push_back(imap::canonical_flag(flag));
    }
    std::sort(entry.flags.begin(), entry.flags.end());
    draft_.put(entry, stored.digest);
  }

 private:
  store::Writer& writer_;
  store::FolderDraft& draft_;
};

}  // namespace

StoreRescue::StoreRescue(store::Location location, base::FileSystem& files,
                         const base::Clock& clock)
    : location_(std::move(location)), files_(files), clock_(clock) {}

std::string StoreRescue::keep(imap::Session& session, const store::TreeRecord& record,
                              const store::TreeLevel& level, const imap::UidSet& uids) {
  try {
    store::Writer writer = store::Writer::open(location_, files_, clock_);
    store::FolderInfo info;
    info.raw_name = level.raw_name;
    info.delimiter = record.delimiter;
    info.uid_validity = level.identity ? level.identity->uid_validity : 0;
    store::FolderDraft draft(std::move(info));
    RescueSink sink(writer, draft);
    session.fetch_messages(uids, sink);
    if (draft.messages() != uids.count()) return "the server did not send all of them";
    writer.add_snapshot({.account = record.account,
                         .time = std::chrono::floor<std::chrono::seconds>(clock_.now()),
                         .kind = store::SnapshotKind::kRescue,
                         .status = store::SnapshotStatus::kComplete,
                         .personal_prefix = "",
                         .folders = {writer.seal(draft)}});
    writer.commit();
    return "";
  } catch (const base::Error& error) {
    if (error.code() == base::ErrorCode::kNetwork) throw;
    return error.what();
  }
}

}  // namespace restore
