// The folders that a server lists, and that are in no namespace of the account.
#pragma once

#include <string>
#include <vector>

#include "backupd/pass/folder_filter.h"
#include "imap/folder.h"
#include "imap/session.h"

namespace backupd {

// Session::folders_outside(); empty if the server refuses.
std::vector<imap::Folder> folders_outside(imap::Session& session);

// The line that names them and the setting that includes them, without those that the configuration
// excludes. Empty if all are excluded.
std::string outside_warning(const std::vector<imap::Folder>& outside, const FolderFilter& filter);

}  // namespace backupd
