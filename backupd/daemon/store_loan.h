// The store for a command that needs it for itself, where a daemon runs: lent by it.
#pragma once

#include <string_view>

#include "base/handle.h"
#include "base/program/program.h"

namespace backupd {

class StoreLoan {
 public:
  // Waits for the daemon's job that has the store, and for who asked before; says on stderr what is
  // waited for. Returns at once where no daemon runs, or this is a job of it. From then on until
  // the destructor the daemon starts nothing that needs the store; it is still locked as ever, by
  // whoever works with it. `command`: what it is wanted for. Fails with kIo.
  StoreLoan(const base::Environment& environment, std::string_view command);

 private:
  base::Fd connection_;
};

// In a job of the daemon, which tries again: fails with kBusy if another process holds the store,
// before anybody was told that the job began.
void leave_if_busy(const base::Environment& environment);

}  // namespace backupd
