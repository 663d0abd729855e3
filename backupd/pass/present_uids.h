// The UIDs of a folder's messages, confirmed: an answer that omits messages must not look like an
// expunge.
#pragma once

#include <cstdint>
#include <string>

#include "imap/session.h"
#include "imap/uid_set.h"

namespace backupd {

struct PresentUids {
  imap::UidSet uids;  // in doubt: those of all answers together
  std::string doubt;  // why the answers can't be trusted, with the numbers; empty: they agree
};

// `seen`: the UIDs of a scan of the folder that is open in `session`. If their number differs
// from the present EXISTS, searches, at most three times: a search that agrees with EXISTS is
// accepted, since messages come and go during a scan. Fails as the session does.
PresentUids confirm_present(imap::Session& session, imap::UidSet seen);

}  // namespace backupd
