// The passes of several accounts of one server, in this process, as `once` runs them: at the same
// time and with one writer, but over connections that the caller opens.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backupd/report/pass_report.h"
#include "base/clock.h"
#include "base/config/config.h"
#include "imap/transport.h"
#include "store/format/location.h"

namespace backupd {

// Opens a connection that is logged in already.
using Connect = std::function<std::unique_ptr<imap::Transport>()>;

struct PassAccount {
  std::string name;
  Connect connect;
  const base::Clock& clock = base::system_clock();  // measures how long its server takes
  unsigned connections = 1;                         // that one account may have
};

// Runs one pass of each account, and commits. All accounts have as many connections as the first.
// Returns their reports, in the same order. Errors that end the whole run are thrown. `clock` is
// that of the run: its pauses, and the time of snapshots.
std::vector<AccountReport> run_passes(const store::Location& location,
                                      const base::ServerConfig& server,
                                      std::span<const PassAccount> accounts, base::Clock& clock);

}  // namespace backupd
