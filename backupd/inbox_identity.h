// Whose mailbox a login name opens, as far as the server tells: a name may be given to somebody
// else one day, and an account be renamed.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "backupd/acknowledgements.h"
#include "imap/folder.h"
#include "store/snapshot.h"

namespace backupd {

// Of an account's INBOX, the one folder that nobody deletes and makes anew.
struct InboxIdentity {
  std::string mailbox_id;          // RFC 8474; empty: the server gives none
  std::uint32_t uid_validity = 0;  // 0: unknown

  std::string text() const;  // "MAILBOXID F1", "UIDVALIDITY 7"
};

// Nothing if there is no INBOX, or the server told nothing of it.
std::optional<InboxIdentity> inbox_of(std::span<const imap::Folder> listed);
std::optional<InboxIdentity> inbox_of(std::span<const store::FolderRecord> recorded);

enum class IdentityChange {
  kNone,
  kRenumbered,  // another UIDVALIDITY: a server that was moved or repaired, or somebody else
  kAnother,     // another MAILBOXID: not the mailbox that it was
};

IdentityChange compare(const InboxIdentity& before, const InboxIdentity& now);

// Looks at who opened accounts are, before anything of them is fetched. Thread-safe.
class InboxGuard {
 public:
  explicit InboxGuard(const Acknowledgements& acknowledged) : acknowledged_(acknowledged) {}

  // `before`: of the account's newest snapshot. Fails with kRefused if this is another mailbox and
  // nobody has said that it is the same person's: two people's mail must not get mixed.
  void look_at(const std::string& account, std::span<const store::FolderRecord> before,
               std::span<const imap::Folder> listed);

  // What was noticed, by account.
  std::map<std::string, Acknowledgements::Stranger> strangers() const;

 private:
  const Acknowledgements& acknowledged_;
  mutable std::mutex mutex_;
  std::map<std::string, Acknowledgements::Stranger> strangers_;
};

}  // namespace backupd
