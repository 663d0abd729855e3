// The part of `copy --prune`.
#pragma once

#include "base/config/copies_config.h"
#include "base/program/program.h"

namespace backupd {

// Deletes from the copy the packs that the checkpoints it has followed condemned, as `prune` does
// in the store: after retention.grace, and not while the system's clock is doubted or the copy
// holds a commit. Prints what it did.
base::ExitStatus prune_copy(const base::Environment& environment, const base::CopyConfig& copy);

}  // namespace backupd
