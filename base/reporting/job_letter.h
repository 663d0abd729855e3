// What the administrator is written about a job.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/reporting/job_record.h"

namespace base {

// A subject, and the text of a mail without its foot.
struct JobLetter {
  std::string headline;
  std::string body;
};

// What went wrong; `text`: the job's report, as far as there is one.
JobLetter write_of_trouble(const JobRecord& record, const std::vector<std::string>& troubles,
                           std::string_view text);

// That it is over.
JobLetter write_of_end(const JobRecord& record);

// What an exit status means, in a few words.
std::string_view in_words(int status);

}  // namespace base
