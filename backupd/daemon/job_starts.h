// When each job last started, in a small file beside the index: a daemon that was restarted goes on
// where it was. Lost, the schedule begins anew.
#pragma once

#include "backupd/daemon/job_plan.h"
#include "base/file_system.h"

namespace backupd {

// What is unreadable counts as lost.
JobStarts load_job_starts(base::FileSystem& files, const base::Path& file);

// Fails with kIo or kNoSpace.
void save_job_starts(base::FileSystem& files, const base::Path& file, const JobStarts& starts);

}  // namespace backupd
