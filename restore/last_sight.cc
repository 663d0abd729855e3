#include "restore/last_sight.h"

#include <algorithm>

#include "base/log.h"
#include "base/terminal.h"
#include "restore/selection.h"

namespace restore {

bool proves_gone(std::span<const store::FolderRecord> folders, const store::FolderInfo& place) {
  return std::ranges::none_of(folders, [&](const store::FolderRecord& folder) {
    const store::FolderInfo& info = folder.info;
    const bool is_it = info.raw_name == place.raw_name ||
                       (!place.mailbox_id.empty() && info.mailbox_id == place.mailbox_id);
    return is_it && !store::is_known_in_full(info.completeness);
  });
}

std::vector<std::string> unread_folders(const store::SnapshotInfo& snapshot,
                                        std::span<const store::FolderRecord> folders) {
  std::vector<std::string> names;
  for (const store::FolderRecord& folder : folders) {
    if (!store::is_known_in_full(folder.info.completeness)) {
      names.push_back(shown_name(snapshot, folder.info));
    }
  }
  return names;
}

void warn_of_unread(std::span<const std::string> folders) {
  for (const std::string& name : folders) {
    base::log_warning("{}: the newest backup did not read it in full: what it lacks may be there",
                      base::escape_for_terminal(name));
  }
}

}  // namespace restore
