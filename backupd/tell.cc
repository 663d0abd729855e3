#include "backupd/commands.h"
#include "base/reporting/job_run.h"
#include "base/stop_request.h"
#include "store/format/location.h"
#include "store/index/commit_mark.h"

namespace backupd {

base::ExitStatus tell(const base::Environment& environment) {
  base::stop_on_request(base::OnStop::kContinue);
  const store::Location location = store::location_of(environment.config.store);
  base::report_earlier_jobs(
      environment, [&] { return store::describe_highest_commit(environment.files, location); });
  return base::ExitStatus::kDone;
}

}  // namespace backupd
