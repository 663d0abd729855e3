// What a listing tells about whose mailbox it is (base/mailbox_identity.h).
#pragma once

#include <span>

#include "base/mailbox_identity.h"
#include "imap/folder.h"

namespace imap {

// Folders whose status the server did not tell are not in it.
base::MailboxSight sight_of(std::span<const Folder> listed);

}  // namespace imap
