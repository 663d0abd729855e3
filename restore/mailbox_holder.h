// Checks whose mailbox an account's name opens, before anything is written into it or removed.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/mail/mailbox_identity.h"
#include "base/program/program.h"
#include "imap/session.h"
#include "store/reader.h"

namespace restore {

// `snapshots`: all snapshots of the account, as Reader::snapshots() returned them. `inbox`: as the
// server showed it in `session`; nullopt: it can't be opened. Fails as the session does.
base::Holder holder_of(const base::Environment& environment, store::Reader& reader,
                       std::span<const store::SnapshotInfo> snapshots, imap::Session& session,
                       const std::optional<imap::OpenFolder>& inbox);

// Records the change as a trouble, which `mailstow-backupd acknowledge` can accept.
void note_mailbox_change(const base::Environment& environment, const std::string& account,
                         const base::MailboxChange& change);

// Fails with kRefused, naming both remedies, while the live INBOX differs from that of any of the
// account's snapshots (those out of reach too) and this is not acknowledged: the mailbox may belong
// to another person, and so may the newest snapshots. The finding is recorded, and printed if the
// output is JSON.
void refuse_changed_mailbox(const base::Environment& environment, store::Reader& reader,
                            const std::string& account, imap::Session& session,
                            const std::optional<imap::OpenFolder>& inbox);

}  // namespace restore
