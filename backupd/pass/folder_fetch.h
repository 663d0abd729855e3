// The messages of one folder on their way from the server to a FolderSink: received on threads of
// their own, over one connection or several, stored on the caller's with the turn at the store.
#pragma once

#include <string>

#include "backupd/pass/folder_sink.h"
#include "backupd/pass/message_pipe.h"
#include "backupd/pass/spare_sessions.h"
#include "backupd/pass/store_turn.h"
#include "backupd/pass/stumbles.h"
#include "imap/session.h"
#include "imap/uid_set.h"

namespace backupd {

struct FetchSource {
  imap::Session& session;  // the folder is open in it
  const std::string& raw_name;
  std::uint32_t uid_validity;
  SpareSessions& spares;  // where they are open to the same generation, they help
  Stumbles& stumbles;     // grows where a connection is lost
};

// Called with the turn. Fails as the session and the sink do; what came before that is in the sink.
imap::FetchAnswer fetch_into(FolderSink& sink, const FetchSource& source, const imap::UidSet& uids,
                             StoreTurn& turn, PipeBudget& budget, const store::Writer& writer);

}  // namespace backupd
