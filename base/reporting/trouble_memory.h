// Decides which troubles are mailed: each at most once a day, and once more when those reported are
// resolved.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/reporting/job_record.h"

namespace base {

enum class Notification {
  kNone,
  kTrouble,
  kResolved,  // the troubles reported last are resolved
};

// Returns what to mail about a job that has just ended with these troubles, one line each; `record`
// remembers what was reported.
Notification notification_due(const JobRecord& record, const std::vector<std::string>& troubles,
                              std::chrono::sys_seconds now);

// Notes in the record that these troubles were reported.
void note_reported(JobRecord& record, const std::vector<std::string>& troubles,
                   std::chrono::sys_seconds now);

}  // namespace base
