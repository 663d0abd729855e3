// The mailbox that a run restores into, as its server shows it.
#pragma once

#include <functional>
#include <string>

#include "imap/session.h"
#include "restore/plan.h"
#include "store/reader.h"

namespace restore {

struct TargetMailbox {
  imap::Namespace personal;
  TargetNames names;
};

// `see` gets its INBOX, where the server lets it be opened. Fails as the session and `see` do.
TargetMailbox look_at_mailbox(imap::Session& session,
                              const std::function<void(const imap::OpenFolder& inbox)>& see);

// Fails with kRefused if the account's name was given to somebody else since: its INBOX is then
// another one than at the newest backup.
void refuse_stranger(store::Reader& reader, const std::string& account,
                     const imap::OpenFolder& inbox);

}  // namespace restore
