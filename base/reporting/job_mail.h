// Mail about jobs to the administrator: where it is due, and what earlier programs wrote and did
// not get rid of. What fails is logged and noted in the job's record.
//
// A letter that is being sent when its program is killed is sent again by who comes next, so it may
// come twice; never a third time.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/reporting/job_letter.h"
#include "base/reporting/job_record.h"
#include "base/reporting/job_run.h"
#include "base/reporting/kept_letter.h"

namespace base {

class JobMail {
 public:
  // `foot` ends every mail.
  JobMail(const Environment& environment, const std::function<std::string()>& foot)
      : environment_(environment), foot_(foot) {}

  // Of a job that has just ended. The caller has the job's lock, or there is no store to keep
  // anything beside; it saves the record.
  void tell(JobRecord& record, const JobOutcome& outcome) const;

  // The letter that is kept for this job, if there is one; the caller has the job's lock, and saves
  // the record. False: the mail server is away, and not to be waited for again.
  bool send_kept(JobRecord& record) const;

 private:
  std::optional<JobLetter> letter_if_due(const JobRecord& record, const JobOutcome& outcome) const;
  bool send(JobRecord& record, KeptLetter letter) const;
  void keep(const KeptLetter& letter) const;
  void drop(const KeptLetter& letter) const;
  bool is_configured() const;
  std::chrono::sys_seconds now() const;

  const Environment& environment_;
  const std::function<std::string()>& foot_;
};

}  // namespace base
