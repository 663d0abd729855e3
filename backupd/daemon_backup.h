// Carries out `once` through the running daemon: requests the backup, follows it, prints its
// report. So only the daemon starts backups, and its knowledge of them is complete.
#pragma once

#include <optional>

#include "backupd/commands.h"

namespace backupd {

// Returns nullopt if no daemon runs for the store, or if this process is a job of the daemon: the
// caller may then open the store itself. Fails with kBusy if another process holds the store (the
// daemon then tries again by itself), kIo if the daemon ends meanwhile. If this program is asked to
// stop, the backup continues.
std::optional<base::ExitStatus> once_by_daemon(const base::Environment& environment,
                                               const OnceOptions& options);

}  // namespace backupd
