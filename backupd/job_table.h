// What the daemon does, when, and how it went: all its jobs, without their processes. Whoever owns
// the clock can let a year pass in it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "backupd/job_plan.h"

namespace backupd {

// Another process held the store, or there was no room to start: how long until the next try.
inline constexpr std::chrono::minutes kJobRetry{5};

// How a run of a job ended.
struct JobEnd {
  int status = 0;            // as JobProcess::try_wait() gives it
  bool was_stopped = false;  // it was asked to end, and may have left work
};

class JobTable {
 public:
  // `starts`: of earlier daemons.
  JobTable(JobPlan plan, const JobStarts& starts, std::chrono::sys_seconds now);

  void set_plan(JobPlan plan) { plan_ = std::move(plan); }

  // The job that has been due for longest of those that may start. A backup and a prune need the
  // store for themselves, so they wait for each other.
  std::optional<Job> due(std::chrono::sys_seconds now) const;

  // When one of those that may start is due.
  std::optional<std::chrono::sys_seconds> next_due(std::chrono::sys_seconds now) const;

  // Nothing: never.
  std::optional<std::chrono::sys_seconds> next_start(Job job, std::chrono::sys_seconds now) const;

  // Runs it as soon as it may start, after the run that is under way; gives the number of that
  // run. `accounts`: of a backup, these alone; empty: all.
  std::uint64_t want(Job job, const std::vector<std::string>& accounts = {});

  void started(Job job, std::chrono::sys_seconds now);
  void could_not_start(Job job, std::chrono::sys_seconds now);

  // Whether that was the end of the run: else the job is tried again.
  bool ended(Job job, const JobEnd& end, std::chrono::sys_seconds now);

  bool is_running(Job job) const { return states_.at(job).is_running; }
  bool is_idle() const;

  // Of the run that is under way; empty: all.
  const std::vector<std::string>& accounts_of(Job job) const;

  // To be kept: of the runs that came to their end by themselves. What was stopped is due again.
  JobStarts starts() const;

  // As `status --json` shows it.
  nlohmann::ordered_json describe(std::chrono::sys_seconds now) const;

  // In a few words, for systemd.
  std::string summary(std::chrono::sys_seconds now) const;

 private:
  struct State {
    bool is_running = false;
    std::chrono::sys_seconds last_start{};
    std::chrono::sys_seconds planned_start{};  // of the last that counts for the schedule
    std::chrono::sys_seconds settled_start{};  // of the last of these that is over
    std::optional<int> last_status;
    std::optional<std::chrono::sys_seconds> retry;
    std::uint64_t run = 0;    // how many were begun
    std::uint64_t ended = 0;  // how many are over
    bool is_partial = false;  // the run under way is of some accounts: not the one of the schedule
    bool is_wanted = false;
    bool wants_all = false;
    std::vector<std::string> wanted;    // accounts, unless wants_all
    std::vector<std::string> accounts;  // of the run under way; empty: all
  };

  bool may_start(Job job) const;

  JobPlan plan_;
  std::map<Job, State> states_;
};

}  // namespace backupd
