// What a snapshot says of an account, in the words of the client that is not ours
// (tests/servers/account_state.h).
#pragma once

#include <map>
#include <string>

#include "store/reader.h"
#include "tests/servers/account_state.h"

namespace backupd {

using RecordedFolders = std::map<std::string, servers::FolderState>;  // by raw name

// With the digest of each folder's receipt; without UIDNEXT and HIGHESTMODSEQ.
RecordedFolders recorded_folders(store::Reader& reader, const store::SnapshotInfo& snapshot);

// Every folder, UID, flag, date, size and byte of the account's newest snapshot is what the server
// has, and its receipts are what that client makes of it.
void expect_equal_to_server(store::Reader& reader, const servers::Server& server,
                            const std::string& user);

}  // namespace backupd
