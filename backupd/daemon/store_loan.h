// A loan of the store by the running daemon, for a command that needs it exclusively.
#pragma once

#include <string_view>

#include "base/handle.h"
#include "base/program/program.h"

namespace backupd {

class StoreLoan {
 public:
  // Waits for the job of the daemon that holds the store and for earlier borrowers, and reports on
  // stderr what it waits for. Returns at once if no daemon runs, or if this process is a job of the
  // daemon. From then until destruction the daemon starts no job that needs the store. The loan
  // does not replace the lock: users of the store still lock it. `command` names what the store is
  // needed for. Fails with kIo.
  StoreLoan(const base::Environment& environment, std::string_view command);

 private:
  base::Fd connection_;
};

// In a job of the daemon: fails with kBusy if another process holds the store, before the start of
// the job is reported anywhere; the daemon tries again. Does nothing elsewhere.
void leave_if_busy(const base::Environment& environment);

}  // namespace backupd
