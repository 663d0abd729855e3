// Fetches the messages of one folder from the server into a FolderSink: they are received on
// threads of their own, over one or several connections, and stored on the caller's thread, which
// then has the turn at the store. A few messages are received on the caller's thread, too.
#pragma once

#include <cstdint>
#include <string>

#include "backupd/pass/folder_sink.h"
#include "backupd/pass/message_pipe.h"
#include "backupd/pass/spare_sessions.h"
#include "backupd/pass/store_turn.h"
#include "backupd/pass/stumbles.h"
#include "imap/session.h"
#include "imap/uid_set.h"
#include "imap/wait_budget.h"

namespace backupd {

struct FetchSource {
  imap::Session& session;  // the folder is open in it
  const std::string& raw_name;
  std::uint32_t uid_validity;
  SpareSessions& spares;  // they help if they see the same UIDVALIDITY
  Stumbles& stumbles;     // grows when a connection is lost
  imap::WaitBudget& waits;
};

// Up to this many messages are received and stored on one thread. Starting another one takes more
// time than it saves, which counts in an account of 20,000 small folders.
inline constexpr std::uint64_t kMaxWithoutThreads = 16;

// The caller has the turn. Fails as the session and the sink do; messages received before a failure
// are in the sink.
imap::FetchAnswer fetch_into(FolderSink& sink, const FetchSource& source, const imap::UidSet& uids,
                             StoreTurn& turn, PipeBudget& budget, const store::Writer& writer);

// All messages of a small folder that was requested ahead, whichever they are, on this thread. A
// lost connection is no stumble: it may be over another folder that was requested ahead.
imap::FetchAnswer fetch_small_folder_into(FolderSink& sink, const FetchSource& source,
                                          StoreTurn& turn, const store::Writer& writer);

}  // namespace backupd
