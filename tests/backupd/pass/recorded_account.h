// The account as a snapshot records it, in the terms of the independent client
// (tests/servers/account_state.h).
#pragma once

#include <map>
#include <string>

#include "store/reader.h"
#include "tests/servers/account_state.h"

namespace backupd {

using RecordedFolders = std::map<std::string, servers::FolderState>;  // by raw name

// Includes the digest of each folder's receipt; excludes UIDNEXT and HIGHESTMODSEQ.
RecordedFolders recorded_folders(store::Reader& reader, const store::SnapshotInfo& snapshot);

// Expects every folder, UID, flag, date, size and byte of the account's newest snapshot to match
// the server, and its receipts to match those that the independent client computes.
void expect_equal_to_server(store::Reader& reader, const servers::Server& server,
                            const std::string& user);

}  // namespace backupd
