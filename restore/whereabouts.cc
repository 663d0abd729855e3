#include "restore/whereabouts.h"

#include <algorithm>

#include "restore/selection.h"

namespace restore {

Whereabouts::Whereabouts(store::Reader& reader, const std::string& account,
                         const std::vector<store::FoundMessage>& found) {
  if (found.empty()) return;
  backups_ = reader.snapshots(account);
  std::erase_if(backups_, [](const store::SnapshotInfo& snapshot) {
    return snapshot.kind != store::SnapshotKind::kBackup;
  });
  if (backups_.empty()) return;
  std::ranges::sort(backups_, {}, &store::SnapshotInfo::sequence);
  for (const store::FoundMessage& message : found) folders_.try_emplace(message.entry.message);
  const store::SnapshotInfo& newest = backups_.back();
  for (const store::FolderRecord& folder : reader.folders(newest)) {
    const std::string name = shown_name(newest, folder.info);
    reader.for_each_message(folder, [&](const store::MessageEntry& entry) {
      const auto known = folders_.find(entry.message);
      if (known == folders_.end()) return;
      // A folder may have it twice.
      if (known->second.empty() || known->second.back() != name) known->second.push_back(name);
    });
  }
}

std::vector<std::string> Whereabouts::folders_of(const store::FoundMessage& found) const {
  const auto known = folders_.find(found.entry.message);
  return known == folders_.end() ? std::vector<std::string>() : known->second;
}

std::optional<std::chrono::sys_seconds> Whereabouts::gone_since(
    const store::FoundMessage& found) const {
  if (found.snapshot.kind != store::SnapshotKind::kBackup) return std::nullopt;
  const auto next = std::ranges::upper_bound(backups_, found.snapshot.sequence, {},
                                             &store::SnapshotInfo::sequence);
  if (next == backups_.end()) return std::nullopt;
  return next->time;
}

}  // namespace restore
