// The history of the mailbox that an account's snapshots were taken of
// (base/mail/mailbox_identity.h).
#pragma once

#include <span>

#include "base/mail/mailbox_identity.h"
#include "store/format/snapshot.h"
#include "store/reader.h"

namespace store {

// `snapshots`: as returned by Reader::snapshots(), all or only the first ones. A rescue from a tree
// says nothing about INBOX, nor does a damaged snapshot. Reads each folder at most once, and few of
// those that never changed.
base::MailboxHistory mailbox_history(Reader& reader, std::span<const SnapshotInfo> snapshots);

}  // namespace store
