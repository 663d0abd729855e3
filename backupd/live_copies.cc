#include "backupd/live_copies.h"

#include <utility>

#include "base/error.h"
#include "imap/message.h"
#include "store/format/crypto.h"

namespace backupd {

namespace {

// Digests bodies without keeping them.
class DigestSink : public imap::MessageSink {
 public:
  void body_piece(base::ByteView piece) override { hash_.update(piece); }

  void message(const imap::MessageItems& items, imap::BodyKind body) override {
    const store::Sha256 digest = std::exchange(hash_, store::Sha256Hash()).finish();
    const bool has_body = body == imap::BodyKind::kString || body == imap::BodyKind::kLiteral;
    if (items.uid && has_body) digests_[*items.uid] = digest;
  }

  void discard() override { hash_ = store::Sha256Hash(); }

  std::map<base::Uid, store::Sha256> take() { return std::move(digests_); }

 private:
  store::Sha256Hash hash_;
  std::map<base::Uid, store::Sha256> digests_;
};

}  // namespace

std::map<base::Uid, store::Sha256> live_copies(imap::Session& session, const FolderSample& sample) {
  const store::FolderInfo& info = sample.folder.info;
  try {
    if (session.examine(info.raw_name).uid_validity != info.uid_validity) return {};
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    return {};
  }
  imap::UidSet uids;
  for (const store::MessageEntry& entry : sample.messages) uids.add(entry.uid);
  DigestSink sink;
  session.fetch_messages(uids, sink);
  return sink.take();
}

}  // namespace backupd
