// What Prometheus is told: docs/man/mailstow-backupd.8, "metrics", lists it.
#pragma once

#include <string>

#include "base/program/program.h"

namespace backupd {

// As things stand now: the store, its accounts and trees, and the records of the jobs. Where the
// store can't be read, what the records say is told all the same.
std::string metrics_text(const base::Environment& environment);

}  // namespace backupd
