// Whose mailbox an account's snapshots are of (base/mailbox_identity.h).
#pragma once

#include <span>

#include "base/mailbox_identity.h"
#include "store/format/snapshot.h"
#include "store/reader.h"

namespace store {

// `snapshots`: as Reader::snapshots() gave them, all or only the first ones. What was rescued from
// a tree tells nothing of INBOX, nor does a snapshot that is damaged. Reads each folder at most
// once, and few of those that were the same throughout.
base::MailboxHistory mailbox_history(Reader& reader, std::span<const SnapshotInfo> snapshots);

}  // namespace store
