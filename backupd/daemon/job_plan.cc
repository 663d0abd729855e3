#include "backupd/daemon/job_plan.h"

#include <algorithm>

namespace backupd {

using std::chrono::sys_seconds;

JobPlan::JobPlan(const base::ScheduleConfig& config, double delay)
    : delay_(static_cast<std::int64_t>(static_cast<double>(config.jitter.count()) * delay)) {
  const auto add = [&](Job job, const std::string& expression) {
    calendars_.emplace(job, Calendar::parse(expression, config.time_zone));
  };
  add(Job::kBackup, config.backup);
  add(Job::kPrune, config.prune);
  add(Job::kCheck, config.check);
  add(Job::kSweep, config.sweep);
  add(Job::kDrill, config.drill);
  add(Job::kCopy, config.copy);
  add(Job::kExtendLocks, config.extend_locks);
  if (!config.window.empty()) window_ = Window::parse(config.window, config.time_zone);
}

std::optional<sys_seconds> JobPlan::next_start(Job job, sys_seconds last_start,
                                               sys_seconds now) const {
  const auto due = calendars_.at(job).next_after(std::min(last_start, now));
  if (!due) return std::nullopt;
  // Expired mail must be deleted on time, and a sweep is little work.
  if (job == Job::kSweep) return std::max(*due, now);
  // The delay must not push a run out of the window, which would cost a day.
  const bool is_pushed_out = window_.contains(*due) && !window_.contains(*due + delay_);
  const sys_seconds start = is_pushed_out ? *due : *due + delay_;
  return window_.first_not_before(std::max(start, now));
}

}  // namespace backupd
