#include "imap/mailbox_sight.h"

#include "base/ascii.h"

namespace imap {

base::MailboxObservation sight_of(std::span<const Folder> listed) {
  base::MailboxObservation sight;
  for (const Folder& folder : listed) {
    if (!folder.status || !folder.can_be_opened()) continue;
    const base::MailboxIdentity identity{folder.status->mailbox_id.value_or(""),
                                         folder.status->uid_validity.value_or(0)};
    const bool has_mail = folder.status->messages.value_or(0) > 0;
    if (base::equal_ignoring_case(folder.raw_name, kInbox)) {
      sight.inbox = identity;
      sight.has_mail = has_mail;
    } else {
      sight.others.push_back({folder.raw_name, identity, has_mail});
    }
  }
  return sight;
}

}  // namespace imap
