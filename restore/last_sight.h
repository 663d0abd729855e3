// The newest backup's proof that an account no longer has a message.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/format/snapshot.h"

namespace restore {

// Returns whether a snapshot that lacks a message proves that the account no longer had it in
// `place`, the folder that held it last: not if that folder was not read in full then. A folder is
// known by its raw name, or by its MAILBOXID under another one; one that is no longer there proves
// it.
bool proves_gone(std::span<const store::FolderRecord> folders, const store::FolderInfo& place);

// The shown names of the folders that the snapshot did not read in full: what they lack may have
// been there.
std::vector<std::string> unread_folders(const store::SnapshotInfo& snapshot,
                                        std::span<const store::FolderRecord> folders);

// Warns of each on stderr.
void warn_of_unread(std::span<const std::string> folders);

}  // namespace restore
