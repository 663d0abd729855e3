// The programs that do the daemon's jobs.
#pragma once

#include <string>
#include <vector>

#include "backupd/daemon/job.h"
#include "base/config/config.h"

namespace backupd {

// The command line of a job, without the program's own configuration. `accounts`: of a backup,
// these alone; empty: all.
std::vector<std::string> job_command(Job job, const base::ScheduleConfig& schedule,
                                     const std::vector<std::string>& accounts);

// Of the program that tells what jobs did not live to tell.
std::vector<std::string> tell_command();

}  // namespace backupd
