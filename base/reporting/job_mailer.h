// Mail about jobs to the administrator: new mail where it is due, and mail that earlier programs
// wrote and could not deliver. Failures are logged and noted in the job's record.
//
// If the program is killed while it sends a mail, or the mail server does not confirm a mail that
// it received, the next program sends it again to that recipient: it may arrive twice, but never a
// third time.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/reporting/job_mail.h"
#include "base/reporting/job_record.h"
#include "base/reporting/job_run.h"
#include "base/reporting/pending_mail.h"

namespace base {

class JobMailer {
 public:
  // `footer` ends every mail.
  JobMailer(const Environment& environment, const std::function<std::string()>& footer)
      : environment_(environment), footer_(footer) {}

  // Reports a job that has just ended. The caller holds the job's lock, unless there is no store to
  // keep anything beside, and saves the record.
  void report(JobRecord& record, const JobOutcome& outcome) const;

  // Sends the mail that is kept for this job, if there is any; the caller holds the job's lock and
  // saves the record. Returns false if the mail server is unavailable and should not be tried again
  // now.
  bool send_pending(JobRecord& record) const;

 private:
  std::optional<JobMail> mail_if_due(const JobRecord& record, const JobOutcome& outcome) const;
  bool send(JobRecord& record, PendingMail mail) const;
  bool deliver(JobRecord& record, PendingMail& mail) const;
  void save(const PendingMail& mail) const;
  void remove(const PendingMail& mail) const;
  bool is_configured() const;
  std::chrono::sys_seconds now() const;

  const Environment& environment_;
  const std::function<std::string()>& footer_;
};

}  // namespace base
