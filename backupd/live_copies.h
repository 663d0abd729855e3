// What an account's server holds now of messages that the store has.
#pragma once

#include <map>

#include "backupd/drill_sample.h"
#include "base/uid.h"
#include "imap/session.h"
#include "store/format/object_id.h"

namespace backupd {

// The digests of the sample's messages that are still there; none if the folder is not, or is
// another one by now (UIDVALIDITY). Fails as the session does.
std::map<base::Uid, store::Sha256> live_copies(imap::Session& session, const FolderSample& sample);

}  // namespace backupd
