// The metrics for Prometheus, as docs/man/mailstow-backupd.8, "metrics", lists them.
#pragma once

#include <string>

#include "base/program/program.h"

namespace backupd {

// The present state of the store, its accounts and restored trees, and the records of the jobs. If
// the store can't be read, the metrics of the job records are still there.
std::string metrics_text(const base::Environment& environment);

}  // namespace backupd
