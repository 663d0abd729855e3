#include "imap/mailbox_witness.h"

#include <utility>

#include "base/error.h"
#include "imap/mailbox_sight.h"

namespace imap {

namespace {

base::MailboxObservation inbox_of(const std::optional<OpenFolder>& inbox) {
  base::MailboxObservation seen;
  if (!inbox) return seen;
  seen.inbox = {inbox->mailbox_id.value_or(""), inbox->uid_validity};
  seen.has_mail = inbox->exists > 0;
  return seen;
}

}  // namespace

base::MailboxObservation MailboxWitness::look(Session& session,
                                              const std::optional<OpenFolder>& inbox) const {
  base::MailboxObservation seen = inbox_of(inbox);
  // MAILBOXID decides by itself, and so does UIDVALIDITY if INBOX held mail at first.
  const bool others_matter =
      seen.inbox.mailbox_id.empty() && (has_seen_ || !seen.has_mail) && first_.needs_others(seen);
  if (others_matter) seen.others = sight_of(session.list_personal_folders()).others;
  return seen;
}

void MailboxWitness::prove(const base::MailboxObservation& seen) {
  if (!seen.inbox.is_known()) return;
  if (std::exchange(has_seen_, true)) {
    compare(seen);
  } else {
    first_.add(seen);
  }
}

void MailboxWitness::prove(Session& session) const {
  if (!has_seen_) return;
  std::optional<OpenFolder> inbox;
  try {
    inbox = session.examine(kInbox);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    base::fail(base::ErrorCode::kNetwork,
               "a new connection does not show whose mailbox it opened: {}", error.what());
  }
  base::MailboxObservation seen = inbox_of(inbox);
  if (!seen.inbox.is_known()) {
    base::fail(base::ErrorCode::kNetwork,
               "a new connection does not show whose mailbox it opened: INBOX has neither "
               "UIDVALIDITY nor MAILBOXID");
  }
  // The others may only explain another INBOX: thousands of them are not listed for the same one.
  if (first_.judge(seen, {}).change) seen = look(session, inbox);
  compare(seen);
}

void MailboxWitness::compare(const base::MailboxObservation& seen) const {
  const auto change = first_.judge(seen, {}).change;
  if (!change) return;
  base::fail(base::ErrorCode::kLogin,
             "a new connection opened a different mailbox: INBOX is {}, it was {} when the first "
             "connection was opened: check which mailbox the server assigns to this user",
             change->is.text(), change->was.text());
}

}  // namespace imap
