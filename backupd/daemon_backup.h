// A backup that the running daemon makes for who types `once`: asked for, followed, told. So there
// is one that starts backups, and what it knows of them is what was done.
#pragma once

#include <optional>

#include "backupd/commands.h"

namespace backupd {

// Nothing if no daemon runs for the store, or if this is a job of the daemon: then the store is
// there to be taken. Fails with kBusy if another process holds it (the daemon then tries again by
// itself), kIo if the daemon ends meanwhile. If this program is asked to stop, the backup goes on.
std::optional<base::ExitStatus> once_by_daemon(const base::Environment& environment,
                                               const OnceOptions& options);

}  // namespace backupd
