// The documents that the daemon's jobs print, kept until the next run.
#pragma once

#include "backupd/daemon/job_table.h"
#include "base/config/store_config.h"
#include "base/file_system.h"

namespace backupd {

// The report of the last run, and what the current run has printed so far.
base::Path report_of(const base::StoreConfig& store, Job job);
base::Path running_report_of(const base::StoreConfig& store, Job job);

// Call after a run has ended: its report replaces that of the previous run, unless the run was
// stopped before it had a report. Logs the outcome.
void publish_report(base::FileSystem& files, const base::StoreConfig& store, Job job,
                    const JobEnd& end);

}  // namespace backupd
