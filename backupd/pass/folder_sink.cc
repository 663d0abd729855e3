#include "backupd/pass/folder_sink.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "imap/flag.h"

namespace backupd {

FolderSink::FolderSink(store::Writer& writer, std::string account, store::FolderDraft& draft,
                       FetchCounts& counts, Departures& departures, Admission& admission,
                       std::function<void(std::uint64_t bytes)> after_message)
    : writer_(writer),
      account_(std::move(account)),
      draft_(draft),
      counts_(counts),
      departures_(departures),
      admission_(admission),
      after_message_(std::move(after_message)) {}

void FolderSink::store(ArrivedMessage& arrived) {
  const imap::MessageItems& items = arrived.items;
  const imap::BodyKind body = arrived.body;
  if (!items.uid)
    base::fail(base::ErrorCode::kProtocol, "fetch: the server sent a message without its UID");
  const base::Uid uid = *items.uid;
  const std::uint64_t size = arrived.message.size();
  const bool has_body = body == imap::BodyKind::kString || body == imap::BodyKind::kLiteral;
  ++counts_.fetched_messages;
  counts_.fetched_bytes += size;
  const auto suspect = [&](std::string_view reason) { suspects_[uid] = reason; };
  if (!has_body) {
    return suspect(body == imap::BodyKind::kNil ? "the server sent NIL for its body"
                                                : "the server sent no body");
  }
  if (arrived.is_apology) return suspect("the server sent an apology in its place");
  if (size == 0 && items.size != std::uint64_t{0}) {
    return suspect("the server sent an empty body for a message that it says is not empty");
  }
  if (size == 0 && !second_look_) return suspect("the server sent an empty message only once");

  const store::StoredMessage stored = writer_.add(arrived.message, account_);
  if (stored.is_new) {
    ++counts_.new_messages;
    counts_.new_bytes += stored.size;
  } else {
    departures_.arrived(stored.id);
  }
  admission_.admit(draft_.info().raw_name, arrived.items);
  put(items, stored.id, stored.digest, stored.size);
}

void FolderSink::adopt(const imap::MessageItems& items, const KnownMessages::Known& known) {
  departures_.arrived(known.entry.message);
  put(items, known.entry.message, known.digest, known.entry.size);
}

void FolderSink::put(const imap::MessageItems& items, const store::MessageId& message,
                     const store::Sha256& digest, std::uint64_t size) {
  store::MessageEntry entry;
  entry.uid = items.uid.value();
  entry.message = message;
  // Some servers have messages without a valid date ("00-Jan-0000"): the mail matters more.
  entry.internal_date = items.internal_date;
  if (!entry.internal_date) ++counts_.undated;
  entry.size = size;
  entry.flags = imap::normal_flags(items.flags.value_or(std::vector<std::string>()));
  entry.modseq = items.modseq.value_or(0);
  entry.server_id = items.server_id;
  draft_.put(entry, digest);
  suspects_.erase(entry.uid);
  std::erase_if(draft_.info().skipped,
                [&](const auto& earlier) { return earlier.uid == entry.uid; });
  after_message_(size);
}

std::string FolderSink::why_not(base::Uid uid) const {
  const auto found = suspects_.find(uid);
  return found == suspects_.end() ? "" : std::string(found->second);
}

}  // namespace backupd
