#include "restore/whereabouts.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "restore/last_sight.h"
#include "restore/selection.h"
#include "store/content_holders.h"

namespace restore {

Whereabouts::Whereabouts(store::Reader& reader, const std::string& account,
                         const std::vector<store::FoundMessage>& found, bool is_last_known)
    : reader_(reader) {
  if (found.empty()) return;
  backups_ = reader.snapshots(account);
  std::erase_if(backups_, [](const store::SnapshotInfo& snapshot) {
    return snapshot.kind != store::SnapshotKind::kBackup;
  });
  if (backups_.empty()) return;
  std::ranges::sort(backups_, {}, &store::SnapshotInfo::sequence);
  look_into_newest(found);
  if (!is_last_known) return;
  for (const store::FoundMessage& message : found) find_end(message);
}

void Whereabouts::look_into_newest(const std::vector<store::FoundMessage>& found) {
  const store::SnapshotInfo& newest = backups_.back();
  std::set<store::Sha256> digests;
  for (const store::FoundMessage& message : found) digests.insert(message.digest);
  store::for_each_holder(
      reader_, newest, digests,
      [&](const store::FolderRecord& folder, const std::set<store::Sha256>& held) {
        const store::FolderCompleteness completeness = folder.info.completeness;
        const std::string name = shown_name(newest, folder.info);
        if (!store::is_known_in_full(completeness)) unread_.push_back(name);
        for (const store::Sha256& digest : held) {
          Presence& presence = presence_[digest];
          presence.folders.push_back(name);
          if (completeness != store::FolderCompleteness::kUnreadable) presence.is_read = true;
        }
      });
  unread_by_sequence_[newest.sequence] = unread_;
}

const Whereabouts::UnreadFolders& Whereabouts::unread_in(const store::SnapshotInfo& backup) {
  const auto [known, is_new] = unread_by_sequence_.try_emplace(backup.sequence);
  UnreadFolders& unread = known->second;
  if (!is_new) return unread;
  try {
    // The folders of a complete backup are all read in full, and there may be many of both.
    unread = backup.status == store::SnapshotStatus::kComplete
                 ? std::vector<std::string>()
                 : unread_folders(backup, reader_.folders(backup));
  } catch (const base::Error& error) {
    // It proves nothing then. The search has reported what it could not read.
    if (error.code() != base::ErrorCode::kDamaged && error.code() != base::ErrorCode::kNotFound) {
      throw;
    }
  }
  return unread;
}

void Whereabouts::find_end(const store::FoundMessage& found) {
  if (found.snapshot.kind != store::SnapshotKind::kBackup) return;
  auto later = std::ranges::upper_bound(backups_, found.snapshot.sequence, {},
                                        &store::SnapshotInfo::sequence);
  for (; later != backups_.end(); ++later) {
    const UnreadFolders& unread = unread_in(*later);
    if (!unread || std::ranges::find(*unread, found.folder) != unread->end()) continue;
    gone_since_[found.cursor] = later->time;
    return;
  }
}

std::vector<std::string> Whereabouts::folders_of(const store::FoundMessage& found) const {
  const auto known = presence_.find(found.digest);
  return known == presence_.end() ? std::vector<std::string>() : known->second.folders;
}

bool Whereabouts::is_doubted(const store::FoundMessage& found) const {
  const auto known = presence_.find(found.digest);
  if (known != presence_.end()) return !known->second.is_read;
  const bool was_read = std::ranges::find(unread_, found.folder) == unread_.end();
  return !was_read && !gone_since(found);
}

std::optional<std::chrono::sys_seconds> Whereabouts::gone_since(
    const store::FoundMessage& found) const {
  const auto known = gone_since_.find(found.cursor);
  if (known == gone_since_.end()) return std::nullopt;
  return known->second;
}

}  // namespace restore
