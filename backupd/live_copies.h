// The copies of stored messages that an account's server has now.
#pragma once

#include <map>

#include "backupd/drill_sample.h"
#include "base/mail/uid.h"
#include "imap/session.h"
#include "store/format/object_id.h"

namespace backupd {

// The digests of the sample's messages that are still on the server; empty if the folder is gone
// or its UIDVALIDITY differs. Fails as the session does.
std::map<base::Uid, store::Sha256> live_copies(imap::Session& session, const FolderSample& sample);

}  // namespace backupd
