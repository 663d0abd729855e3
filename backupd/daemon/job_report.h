// The documents that the daemon's jobs print, kept until the next run.
#pragma once

#include <string>

#include "backupd/daemon/job_table.h"
#include "backupd/report/kept_report.h"
#include "base/config/store_config.h"
#include "base/file_system.h"

namespace backupd {

// The name of the report of a job's last run, "backup": see kept_report_path(). A backup of named
// accounts has one of its own.
std::string report_name(Job job, BackupScope scope);

// The output of the current run so far.
base::Path running_report_of(const base::StoreConfig& store, Job job);

// Call after a run has ended: its report replaces that of the previous run of this scope, unless
// the run was stopped before it had a report. Logs the outcome.
void publish_report(base::FileSystem& files, const base::StoreConfig& store, Job job,
                    BackupScope scope, const JobEnd& end);

}  // namespace backupd
