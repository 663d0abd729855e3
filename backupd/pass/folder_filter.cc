#include "backupd/pass/folder_filter.h"

#include <algorithm>

#include "base/glob.h"
#include "imap/folder_name.h"

namespace backupd {

bool FolderFilter::leaves_out(const imap::Folder& folder) const {
  if (trees_.contain(folder)) return true;
  const std::string name = shown(folder);
  const auto matches = [&](const std::string& glob) {
    return base::folder_glob_matches(glob, name);
  };
  return std::ranges::any_of(config_.exclude, matches) ||
         std::ranges::any_of(account_.exclude, matches);
}

std::string FolderFilter::shown(const imap::Folder& folder) const {
  return imap::shown_folder_name(folder.raw_name, folder.delimiter.value_or('\0'), prefix_);
}

std::string FolderFilter::shown(const store::FolderInfo& info) const {
  return imap::shown_folder_name(info.raw_name, info.delimiter, prefix_);
}

}  // namespace backupd
