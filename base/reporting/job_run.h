// What is around a job, whoever starts it: its record, the hooks, mail to the administrator,
// metrics.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/exit_status.h"
#include "base/program/program.h"

namespace base {

// Mail that is sent whatever came of the job, as `reports` has it.
struct JobSummary {
  std::string headline;  // of the subject; no names that servers or users gave
  std::string body;
};

// What a job did, once it has printed its report.
struct JobOutcome {
  ExitStatus status = ExitStatus::kDone;
  std::string document = "null";           // its report in JSON, for hooks
  std::string text = {};                   // the same for people, for mail about trouble
  std::vector<std::string> troubles = {};  // a line each, escaped; empty: nothing is to be done
  std::string details = "null";            // JobRecord::details
  std::optional<JobSummary> summary = std::nullopt;  // nothing: mail about trouble only
};

class JobRun {
 public:
  // `foot` ends every mail: the store's highest commit, which whoever keeps the mail can tell an
  // older state of the store by.
  JobRun(const Environment& environment, std::string_view job, std::function<std::string()> foot);

  // Runs `body` and does the rest around it. Nothing of the rest keeps the job from its work: what
  // fails of it is logged. An error of `body` is told of, and thrown again. A job that ended
  // because it was asked to (base/stop_request.h) is recorded, and nobody hears of it.
  ExitStatus carry_out(const std::function<JobOutcome()>& body);

 private:
  const Environment& environment_;
  std::string job_;
  std::function<std::string()> foot_;
};

// Tells of jobs that died, and sends the mail that was not sent when they ended: what every job
// does for those before it, without a job.
void tell_what_is_left(const Environment& environment, const std::function<std::string()>& foot);

}  // namespace base
