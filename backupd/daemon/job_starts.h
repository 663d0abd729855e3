// When each job last started, kept in a small file beside the index, so that a restarted daemon
// continues its schedule. If the file is lost, the schedule starts from scratch.
#pragma once

#include "backupd/daemon/job_plan.h"
#include "base/file_system.h"

namespace backupd {

// Unreadable content counts as lost.
JobStarts load_job_starts(base::FileSystem& files, const base::Path& file);

// Fails with kIo or kNoSpace.
void save_job_starts(base::FileSystem& files, const base::Path& file, const JobStarts& starts);

}  // namespace backupd
