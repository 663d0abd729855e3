#include "backupd/job.h"

#include "backupd/commands.h"
#include "store/format/location.h"
#include "store/index/commit_mark.h"

namespace backupd {

base::JobServices job_services(const base::Environment& environment) {
  return {.footer =
              [&environment] {
                return store::describe_highest_commit(environment.files,
                                                      store::location_of(environment.config.store));
              },
          .write_metrics = [&environment] { write_metrics(environment); }};
}

}  // namespace backupd
