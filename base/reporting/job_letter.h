// The text of mail to the administrator about a job.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/reporting/job_record.h"

namespace base {

// The subject and the text of a mail without its footer.
struct JobLetter {
  std::string headline;
  std::string body;
};

// Reports what went wrong; `text` is the job's report, if there is one.
JobLetter write_of_trouble(const JobRecord& record, const std::vector<std::string>& troubles,
                           std::string_view text);

// Reports that the problem is resolved.
JobLetter write_of_end(const JobRecord& record);

// The meaning of an exit status in a few words.
std::string_view describe_status(int status);

}  // namespace base
