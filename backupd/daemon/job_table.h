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

#include "backupd/daemon/job_plan.h"

namespace backupd {

// There was no room to start: how long until the next try.
inline constexpr std::chrono::minutes kJobRetry{5};
// Another process held the store, and did not ask for it.
inline constexpr std::chrono::seconds kBusyRetry{15};

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

  // Whether that was the end of the run: else it found the store held, and is tried again.
  bool ended(Job job, const JobEnd& end, std::chrono::sys_seconds now);

  // Whether its last try found the store held.
  bool waits_for_store(Job job) const { return states_.at(job).was_busy; }

  // While it is, no job that needs the store for itself starts.
  void set_lent(bool is_lent) { is_lent_ = is_lent; }

  // Whether no job has the store for itself.
  bool is_store_free() const;

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
    bool was_busy = false;    // the last try found the store held
    std::uint64_t run = 0;    // how many were begun
    std::uint64_t ended = 0;  // how many are over
    bool is_partial = false;  // the run under way is of some accounts: not the one of the schedule
    bool is_wanted = false;
    bool wants_all = false;
    std::vector<std::string> wanted;    // accounts, unless wants_all
    std::vector<std::string> accounts;  // of the run under way; empty: all
  };

  bool may_start(Job job) const;
  void put_off(State& state, std::chrono::sys_seconds until);

  JobPlan plan_;
  bool is_lent_ = false;
  std::map<Job, State> states_;
};

}  // namespace backupd
