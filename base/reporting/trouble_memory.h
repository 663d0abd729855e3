// Which trouble is worth a mail: none is said twice a day, and somebody who was told hears when it
// is over.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/reporting/job_record.h"

namespace base {

enum class Telling {
  kNothing,
  kTrouble,
  kOver,  // what was told last is no more
};

// Of a job that has just ended with these troubles, a line each; `record` remembers what was told.
Telling what_to_tell(const JobRecord& record, const std::vector<std::string>& troubles,
                     std::chrono::sys_seconds now);

// Notes in the record that it was told.
void note_told(JobRecord& record, const std::vector<std::string>& troubles,
               std::chrono::sys_seconds now);

}  // namespace base
