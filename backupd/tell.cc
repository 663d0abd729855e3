#include "backupd/commands.h"
#include "backupd/job.h"
#include "base/stop_request.h"

namespace backupd {

base::ExitStatus tell(const base::Environment& environment) {
  base::stop_on_request(base::OnStop::kContinue);
  base::report_earlier_jobs(environment, job_services(environment));
  return base::ExitStatus::kDone;
}

// Not in --help: the daemon calls it.
base::Command tell_command() {
  return {.name = "tell", .has_document = false, .function = tell};
}

}  // namespace backupd
