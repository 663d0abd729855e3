// Proves that further connections to an account open the mailbox that its first one opened. A name
// may lead elsewhere at the next login: behind a proxy, after an administrator's change, or because
// the server mixes up its sessions.
#pragma once

#include <optional>

#include "base/mail/mailbox_identity.h"
#include "imap/session.h"

namespace imap {

// Compares as base::MailboxHistory does: INBOX decides, by MAILBOXID or by UIDVALIDITY; as long as
// it never held a message, the other folders with mail do. Without information about INBOX in the
// first observation, nothing can be proved, and every connection is accepted.
class MailboxWitness {
 public:
  // The first call that shows something about INBOX records the mailbox. A later one fails with
  // kLogin if it shows a different mailbox.
  void prove(const base::MailboxObservation& seen);

  bool has_seen() const { return has_seen_; }

  // Looks at the mailbox of a new connection, which has a different folder open afterwards. Fails
  // as the session does; with kLogin if it is a different mailbox; with kNetwork if INBOX can't be
  // opened, so that nothing is proved. Any thread, but not during the other call.
  void prove(Session& session) const;

  // The observation of a connection, for the first call: `inbox` as EXAMINE showed it; nullopt: it
  // can't be opened. Lists the other folders if they matter.
  base::MailboxObservation look(Session& session, const std::optional<OpenFolder>& inbox) const;

 private:
  void compare(const base::MailboxObservation& seen) const;

  bool has_seen_ = false;
  base::MailboxHistory first_;
};

}  // namespace imap
