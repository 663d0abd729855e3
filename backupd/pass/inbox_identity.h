// Checks that opened accounts are still the mailboxes backed up before, before anything is fetched.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "base/mail/mailbox_identity.h"
#include "base/reporting/acknowledgements.h"
#include "imap/folder.h"

namespace backupd {

// Thread-safe. `acknowledged` must outlive it.
class InboxGuard {
 public:
  explicit InboxGuard(const base::Acknowledgements& acknowledged) : acknowledged_(acknowledged) {}

  // `history` is that of all snapshots of the account. Fails with kRefused if this is certainly a
  // different mailbox and the change is not acknowledged: two people's mail must not be mixed.
  void check(const std::string& account, const base::MailboxHistory& history,
             std::span<const imap::Folder> listed);

  // The result for each account checked: nullopt, or a change that is not accepted.
  std::map<std::string, std::optional<base::MailboxChange>> found() const;

 private:
  const base::Acknowledgements& acknowledged_;
  mutable std::mutex mutex_;
  std::map<std::string, std::optional<base::MailboxChange>> found_;
};

}  // namespace backupd
