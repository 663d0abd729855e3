// The command lines of the daemon's jobs.
#pragma once

#include <string>
#include <vector>

#include "backupd/daemon/job.h"
#include "base/config/config.h"

namespace backupd {

// The command line of a job, which reads its configuration from JobProcess::kConfigPath. `accounts`
// restricts a backup to these accounts; empty means all.
std::vector<std::string> job_command(Job job, const base::ScheduleConfig& schedule,
                                     const std::vector<std::string>& accounts);

// The command line of the program that reports crashes of jobs, which those could not report.
std::vector<std::string> report_command();

}  // namespace backupd
