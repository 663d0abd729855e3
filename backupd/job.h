// The reporting that all jobs of this program share.
#pragma once

#include "base/program/program.h"
#include "base/reporting/job_run.h"

namespace backupd {

// `environment` must outlive it.
base::JobServices job_services(const base::Environment& environment);

}  // namespace backupd
