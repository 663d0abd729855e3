// Reads messages back from a server that breaks the connection over some of them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "imap/session.h"
#include "restore/read_back.h"

namespace restore {

// Fetches the messages of the open folder into `sink`, over new connections where one is lost. A
// message over which it is lost each time is left out: the result says why, by UID. `reopen`: opens
// a session in which the folder is open. Fails as `reopen` does, as the session does if the server
// asks to wait, and if too many connections in a row are lost without a message being read.
std::map<base::Uid, std::string> read_steadily(imap::Session& session, const imap::UidSet& uids,
                                               ReadBack& sink,
                                               const std::function<imap::Session()>& reopen);

}  // namespace restore
