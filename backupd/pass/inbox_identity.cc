#include "backupd/pass/inbox_identity.h"

#include "base/error.h"
#include "imap/mailbox_sight.h"

namespace backupd {

void InboxGuard::check(const std::string& account, const base::MailboxHistory& history,
                       std::span<const imap::Folder> listed) {
  const base::MailboxObservation live = imap::sight_of(listed);
  const auto change = history.judge(live, acknowledged_.accepted_identities(account)).change;
  // Without an INBOX nothing shows that an earlier finding no longer holds.
  if (!change && !live.inbox.is_known()) return;
  {
    const std::lock_guard lock(mutex_);
    found_[account] = change;
  }
  if (!change || !change->is_certain()) return;
  base::fail(base::ErrorCode::kRefused,
             "a different mailbox under this name: INBOX is {}, it was {}: it is not backed up",
             change->is.text(), change->was.text());
}

std::map<std::string, std::optional<base::MailboxChange>> InboxGuard::found() const {
  const std::lock_guard lock(mutex_);
  return found_;
}

}  // namespace backupd
