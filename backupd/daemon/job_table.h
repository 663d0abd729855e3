// The state of all jobs of the daemon (when they start, whether they run, how they ended) without
// their processes. Time is passed in, so tests can simulate a year.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "backupd/daemon/job_plan.h"
#include "backupd/report/kept_report.h"

namespace backupd {

// How long until the next attempt after a job could not be started, for example for lack of space.
inline constexpr std::chrono::minutes kJobRetry{5};
// How long until the next attempt after a job found the store locked by a process without a loan.
inline constexpr std::chrono::seconds kBusyRetry{15};

// How a run of a job ended.
struct JobEnd {
  int status = 0;            // as JobProcess::try_wait() returns it
  bool was_stopped = false;  // it was asked to stop, and may not be finished
};

class JobTable {
 public:
  // `starts` are those of earlier daemons.
  JobTable(JobPlan plan, const JobStarts& starts, std::chrono::sys_seconds now);

  void set_plan(JobPlan plan) { plan_ = std::move(plan); }

  // To be called with each new time. Starts in its future were made with a wrong clock, and would
  // delay the job until then: they count as made now.
  void see_time(std::chrono::sys_seconds now);

  // Of the jobs that may start, the one that has been due for longest. A backup and a prune need
  // the store exclusively, so they wait for each other.
  std::optional<Job> due(std::chrono::sys_seconds now) const;

  // When the first of the jobs that may start is due.
  std::optional<std::chrono::sys_seconds> next_due(std::chrono::sys_seconds now) const;

  // Returns nullopt if the job never starts.
  std::optional<std::chrono::sys_seconds> next_start(Job job, std::chrono::sys_seconds now) const;

  // Runs the job as soon as it may start, after the current run, and returns the number of that new
  // run. `accounts` restricts a backup to these accounts; empty means all.
  std::uint64_t request(Job job, const std::vector<std::string>& accounts = {});

  void started(Job job, std::chrono::sys_seconds now);
  void start_failed(Job job, std::chrono::sys_seconds now);

  // Returns whether the run is over. Otherwise the job found the store locked, and will be tried
  // again.
  bool ended(Job job, const JobEnd& end, std::chrono::sys_seconds now);

  // Whether the last attempt found the store locked.
  bool waits_for_store(Job job) const { return states_.at(job).was_busy; }

  // While the store is lent, no job that needs it exclusively starts.
  void set_lent(bool is_lent) { is_lent_ = is_lent; }

  // Whether no job holds the store exclusively.
  bool is_store_free() const;

  bool is_running(Job job) const { return states_.at(job).is_running; }
  bool is_idle() const;

  // The accounts of the current run; empty means all.
  const std::vector<std::string>& accounts_of(Job job) const;

  // The scope of the last run that is over, which decides where its report is.
  BackupScope last_scope(Job job) const { return states_.at(job).last_scope; }

  // The starts to save: those of runs that ended by themselves. A job that was stopped is due
  // again.
  JobStarts starts() const;

  // As `status --json` shows it.
  nlohmann::ordered_json describe(std::chrono::sys_seconds now) const;

  // In a few words, for systemd.
  std::string summary(std::chrono::sys_seconds now) const;

 private:
  struct State {
    bool is_running = false;
    std::chrono::sys_seconds last_start{};
    std::chrono::sys_seconds planned_start{};  // of the last run that counts for the schedule
    std::chrono::sys_seconds settled_start{};  // of the last such run that is over
    std::optional<int> last_status;
    std::optional<std::chrono::sys_seconds> retry;
    bool was_busy = false;    // the last attempt found the store locked
    std::uint64_t run = 0;    // how many runs were started
    std::uint64_t ended = 0;  // how many runs are over
    bool is_partial = false;  // the current run is of some accounts only, not the scheduled one
    BackupScope last_scope = BackupScope::kAllAccounts;  // of the last run that is over
    bool is_wanted = false;
    bool wants_all = false;
    std::vector<std::string> wanted;    // accounts, unless wants_all
    std::vector<std::string> accounts;  // of the current run; empty: all
  };

  bool may_start(Job job) const;
  void postpone(State& state, std::chrono::sys_seconds until);

  JobPlan plan_;
  bool is_lent_ = false;
  std::map<Job, State> states_;
};

}  // namespace backupd
