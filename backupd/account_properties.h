// What the server tells of an account beside its folders.
#pragma once

#include <chrono>
#include <vector>

#include "imap/session.h"
#include "store/account_properties.h"
#include "store/snapshot.h"

namespace backupd {

// `last`, unless the account changed or that is a week old: then asked for anew. What the server
// refuses stays as it was. Fails as the session does otherwise.
store::AccountProperties pass_properties(imap::Session& session,
                                         const std::vector<store::FolderRecord>& folders,
                                         bool has_changed, const store::AccountProperties& last,
                                         std::chrono::sys_seconds now);

}  // namespace backupd
