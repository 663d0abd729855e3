#include "backupd/inbox_identity.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"
#include "base/terminal.h"
#include "imap/ascii.h"
#include "imap/folder_name.h"

namespace backupd {

std::string InboxIdentity::text() const {
  return mailbox_id.empty() ? fmt::format("UIDVALIDITY {}", uid_validity)
                            : "MAILBOXID " + base::escape_for_terminal(mailbox_id);
}

std::optional<InboxIdentity> inbox_of(std::span<const imap::Folder> listed) {
  for (const imap::Folder& folder : listed) {
    if (!imap::equal_ignoring_case(folder.raw_name, imap::kInbox) || !folder.status) continue;
    return InboxIdentity{folder.status->mailbox_id.value_or(""),
                         folder.status->uid_validity.value_or(0)};
  }
  return std::nullopt;
}

std::optional<InboxIdentity> inbox_of(std::span<const store::FolderRecord> recorded) {
  for (const store::FolderRecord& folder : recorded) {
    if (!imap::equal_ignoring_case(folder.info.raw_name, imap::kInbox)) continue;
    return InboxIdentity{folder.info.mailbox_id, folder.info.uid_validity};
  }
  return std::nullopt;
}

IdentityChange compare(const InboxIdentity& before, const InboxIdentity& now) {
  if (!before.mailbox_id.empty() && !now.mailbox_id.empty()) {
    return before.mailbox_id == now.mailbox_id ? IdentityChange::kNone : IdentityChange::kAnother;
  }
  const bool is_renumbered =
      before.uid_validity != 0 && now.uid_validity != 0 && before.uid_validity != now.uid_validity;
  return is_renumbered ? IdentityChange::kRenumbered : IdentityChange::kNone;
}

void InboxGuard::look_at(const std::string& account, std::span<const store::FolderRecord> before,
                         std::span<const imap::Folder> listed) {
  const auto was = inbox_of(before);
  const auto is = inbox_of(listed);
  if (!was || !is) return;
  const IdentityChange change = compare(*was, *is);
  if (change == IdentityChange::kNone || acknowledged_.is_accepted(account, is->text())) return;
  const bool is_refused = change == IdentityChange::kAnother;
  {
    const std::lock_guard lock(mutex_);
    strangers_[account] = {was->text(), is->text(), is_refused};
  }
  if (!is_refused) return;
  base::fail(base::ErrorCode::kRefused,
             "another mailbox under this name: INBOX is {}, it was {}: nothing of it is backed up",
             is->text(), was->text());
}

std::map<std::string, Acknowledgements::Stranger> InboxGuard::strangers() const {
  const std::lock_guard lock(mutex_);
  return strangers_;
}

}  // namespace backupd
