// The work around a job, however it is started: its record, the hooks, mail to the administrator,
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

// Mail that is sent whatever the result of the job, as configured in `reports`.
struct JobSummary {
  std::string headline;  // for the subject; without names chosen by servers or users
  std::string body;
};

// The result of a job that has printed its report.
struct JobOutcome {
  ExitStatus status = ExitStatus::kDone;
  std::string document = "null";           // its report in JSON, for hooks
  std::string text = {};                   // the same as text, for mail about trouble
  std::vector<std::string> troubles = {};  // one line each, escaped; empty: no action is needed
  std::string details = "null";            // JobRecord::details
  std::optional<JobSummary> summary = std::nullopt;  // nullopt: mail only about trouble
};

// The parts of a job's reporting that need the store.
struct JobServices {
  // Ends every mail: the store's highest commit, with which the recipients of the mail can later
  // detect an older state of the store.
  std::function<std::string()> footer;
  // Writes the metrics to the configured places.
  std::function<void()> write_metrics;
};

class JobRun {
 public:
  JobRun(const Environment& environment, std::string_view job, JobServices services);

  // Runs `body` and does the work around it. Failures of that work are logged and do not affect the
  // job. An error from `body` is reported and rethrown. A job that ended because of a stop request
  // (base/stop_request.h) is recorded but not reported.
  ExitStatus carry_out(const std::function<JobOutcome()>& body);

 private:
  const Environment& environment_;
  std::string job_;
  JobServices services_;
};

// Reports jobs that died, and sends the mail that could not be sent when jobs ended: what every job
// does for earlier jobs, without a job.
void report_earlier_jobs(const Environment& environment, const JobServices& services);

}  // namespace base
