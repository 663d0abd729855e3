// When each job of the daemon starts: a pure function of the configuration, of what started last,
// and of the moment.
#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "backupd/daemon/calendar.h"
#include "backupd/daemon/job.h"
#include "base/config/config.h"

namespace backupd {

// When each job last started; where one never did, when the daemon first thought of it.
using JobStarts = std::map<Job, std::chrono::sys_seconds>;

class JobPlan {
 public:
  // `delay`, from 0 to below 1, is the daemon's share of the jitter: it stays the same while that
  // runs, so that runs are a day apart. Fails with kConfig.
  JobPlan(const base::ScheduleConfig& config, double delay);

  // When the job starts next, `now` at the earliest; nothing for one that never does. What was due
  // while nobody was there is caught up once, as soon as the window allows it. A start in the
  // future (the clock was wrong) counts as `now`.
  std::optional<std::chrono::sys_seconds> next_start(Job job, std::chrono::sys_seconds last_start,
                                                     std::chrono::sys_seconds now) const;

 private:
  std::map<Job, Calendar> calendars_;
  Window window_;
  std::chrono::seconds delay_;
};

}  // namespace backupd
