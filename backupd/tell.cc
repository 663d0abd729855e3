#include "backupd/commands.h"
#include "base/reporting/job_run.h"
#include "base/stop_request.h"
#include "store/format/location.h"
#include "store/index/commit_mark.h"

namespace backupd {

base::ExitStatus tell(const base::Surroundings& surroundings) {
  base::stop_on_request(base::Waits::kGoOn);
  const store::Location location = store::location_of(surroundings.config.store);
  base::tell_what_is_left(
      surroundings, [&] { return store::describe_highest_commit(surroundings.files, location); });
  return base::ExitStatus::kDone;
}

}  // namespace backupd
