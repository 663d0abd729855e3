#include "backupd/pass/restored_trees.h"

#include <algorithm>

#include "base/glob.h"

namespace backupd {

RestoredTrees::RestoredTrees(const std::vector<store::TreeRecord>& records,
                             std::string_view account) {
  for (const store::TreeRecord& record : records) {
    if (record.account != account) continue;
    for (const store::TreeLevel& level : record.levels) {
      if (level.state == store::LevelState::kCreated && level.identity) {
        levels_.emplace(base::with_inbox(level.raw_name, record.delimiter), *level.identity);
      }
    }
  }
}

bool RestoredTrees::contain(const imap::Folder& folder) const {
  const auto [first, last] =
      levels_.equal_range(base::with_inbox(folder.raw_name, folder.delimiter.value_or('\0')));
  return std::any_of(first, last, [&](const auto& level) {
    const store::LevelIdentity& ours = level.second;
    if (!folder.can_be_opened()) return ours.uid_validity == 0;
    if (!folder.status || !folder.status->uid_validity) return false;
    const bool same_id = ours.mailbox_id.empty() || folder.status->mailbox_id == ours.mailbox_id;
    return same_id && *folder.status->uid_validity == ours.uid_validity;
  });
}

}  // namespace backupd
