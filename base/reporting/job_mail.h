// The text of mail to the administrator about a job.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/reporting/job_record.h"

namespace base {

// The subject and the text of a mail without its footer.
struct JobMail {
  std::string headline;
  std::string body;
};

// Reports what went wrong; `text` is the job's report, if there is one.
JobMail compose_trouble_mail(const JobRecord& record, const std::vector<std::string>& troubles,
                             std::string_view text);

// Reports that the problem is resolved.
JobMail compose_recovery_mail(const JobRecord& record);

// The meaning of an exit status in a few words.
std::string_view describe_status(int status);

}  // namespace base
