// Extracts from a list of folders the properties that identify the mailbox
// (base/mail/mailbox_identity.h).
#pragma once

#include <span>

#include "base/mail/mailbox_identity.h"
#include "imap/folder.h"

namespace imap {

// Omits folders whose status the server did not send.
base::MailboxObservation sight_of(std::span<const Folder> listed);

}  // namespace imap
