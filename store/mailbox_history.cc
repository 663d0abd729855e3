#include "store/mailbox_history.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace store {

namespace {

// INBOX is case-insensitive (RFC 9051, section 5.1).
bool is_inbox(std::string_view raw_name) {
  constexpr std::string_view kName = "INBOX";
  return std::ranges::equal(raw_name, kName, [](char a, char b) {
    return a == b || (a >= 'a' && a <= 'z' && a - 'a' + 'A' == b);
  });
}

// The part of a folder record that counts here.
struct FolderSight {
  std::string raw_name;
  base::MailboxIdentity identity;
  bool has_mail = false;
  bool is_inbox = false;
};

class Sights {
 public:
  explicit Sights(Reader& reader) : reader_(reader) {}

  base::MailboxObservation of(const SnapshotInfo& snapshot, const base::MailboxHistory& before) {
    const std::vector<ObjectId> ids = reader_.folder_ids(snapshot);
    base::MailboxObservation sight;
    for (const ObjectId& id : ids) {
      const FolderSight& folder = this->folder(id);
      if (!folder.is_inbox) continue;
      sight.inbox = folder.identity;
      sight.has_mail = folder.has_mail;
      break;
    }
    if (!before.needs_others(sight)) return sight;
    for (const ObjectId& id : ids) {
      const FolderSight& folder = this->folder(id);
      if (folder.is_inbox || !folder.identity.is_known()) continue;
      sight.others.push_back({folder.raw_name, folder.identity, folder.has_mail});
    }
    return sight;
  }

 private:
  const FolderSight& folder(const ObjectId& id) {
    const auto known = folders_.find(id);
    if (known != folders_.end()) return known->second;
    const FolderRecord record = reader_.folder(id);
    FolderSight sight;
    sight.raw_name = record.info.raw_name;
    sight.is_inbox = is_inbox(sight.raw_name);
    if (record.info.completeness != FolderCompleteness::kContainer) {
      sight.identity = {record.info.mailbox_id, record.info.uid_validity};
    }
    // A folder that was not read to its end is not empty.
    sight.has_mail = record.receipt.messages > 0 || !record.info.skipped.empty() ||
                     record.info.completeness == FolderCompleteness::kInProgress;
    return folders_.emplace(id, std::move(sight)).first->second;
  }

  Reader& reader_;
  std::map<ObjectId, FolderSight> folders_;
};

}  // namespace

base::MailboxHistory mailbox_history(Reader& reader, std::span<const SnapshotInfo> snapshots) {
  Sights sights(reader);
  base::MailboxHistory history;
  for (const SnapshotInfo& snapshot : snapshots) {
    base::MailboxObservation sight;
    try {
      if (snapshot.kind == SnapshotKind::kBackup) sight = sights.of(snapshot, history);
    } catch (const base::Error& error) {
      // kNotFound: a prune has just dropped the snapshot.
      if (!base::is_unreadable(error.code())) throw;
      base::log_debug("{}", error.what());
    }
    history.add(sight);
  }
  return history;
}

}  // namespace store
