// When each job of the daemon starts: a pure function of the configuration, the last starts and the
// current time.
#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "backupd/daemon/calendar.h"
#include "backupd/daemon/job.h"
#include "base/config/config.h"

namespace backupd {

// When each job last started; for a job that never did, when the daemon first scheduled it.
using JobStarts = std::map<Job, std::chrono::sys_seconds>;

class JobPlan {
 public:
  // `delay`, at least 0 and below 1, is the fraction of the jitter by which starts are delayed. It
  // stays the same while the daemon runs, so that daily runs are a day apart. Fails with kConfig.
  JobPlan(const base::ScheduleConfig& config, double delay);

  // When the job starts next, not before `now`; nullopt if it never starts. Runs missed while the
  // daemon was down are caught up by a single run, as soon as the window allows it. A last start in
  // the future (the clock was wrong) counts as `now`, each time: see JobTable::see_time().
  std::optional<std::chrono::sys_seconds> next_start(Job job, std::chrono::sys_seconds last_start,
                                                     std::chrono::sys_seconds now) const;

 private:
  std::map<Job, Calendar> calendars_;
  Window window_;
  std::chrono::seconds delay_;
};

}  // namespace backupd
