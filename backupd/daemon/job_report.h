// The documents that the daemon's jobs print, kept until the next run.
#pragma once

#include "backupd/daemon/job_table.h"
#include "base/config/store_config.h"
#include "base/file_system.h"

namespace backupd {

// Of the last run, and of the one under way as far as it has printed it.
base::Path report_of(const base::StoreConfig& store, Job job);
base::Path running_report_of(const base::StoreConfig& store, Job job);

// The run is over: its report takes the place of the last one's, unless it was stopped before it
// had one, and the log says how it went.
void publish_report(base::FileSystem& files, const base::StoreConfig& store, Job job,
                    const JobEnd& end);

}  // namespace backupd
