// A prune that shows its progress on a terminal.
#pragma once

#include "base/program/program.h"
#include "store/maintenance/prune.h"

namespace backupd {

// Like store::prune(), of the configured store. `options.progress` is replaced.
store::PruneReport shown_prune(const base::Environment& environment, store::PruneOptions options);

}  // namespace backupd
