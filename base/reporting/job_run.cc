#include "base/reporting/job_run.h"

#include <exception>
#include <memory>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_text.h"
#include "base/local_disk.h"
#include "base/log.h"
#include "base/reporting/hooks.h"
#include "base/reporting/job_mail.h"
#include "base/reporting/job_mailer.h"
#include "base/reporting/job_record.h"
#include "base/stop_request.h"
#include "base/terminal.h"

namespace base {

namespace {

constexpr const char* kDied =
    "its end was not recorded: it was killed, the machine stopped, or there was no room beside the "
    "index: see the system's log";

constexpr const char* kStopped = "stopped: the next run continues";

// A failure outside the job itself must not end the job.
template <typename Action>
void try_to(std::string_view job, const Action& action) {
  try {
    action();
  } catch (const std::exception& error) {
    log_error("{}: {}", job, without_run_again(error.what()));
  }
}

std::string error_document(const std::string& error) {
  return json_text({{"status", "failed"}, {"error", error}});
}

class JobReporting {
 public:
  JobReporting(const Environment& environment, const std::string& job, const JobServices& services)
      : environment_(environment),
        reporting_(environment.config.reporting),
        store_(environment.config.store),
        job_(job),
        services_(services),
        footer_([&services, &job] {
          std::string text;
          try_to(job, [&] { text = services.footer(); });
          return text;
        }),
        mail_(environment, footer_) {}

  void begin() {
    if (is_read_only_) {
      log_warning("{}: {} is on a read-only disk: there will be no record of this run", job_,
                  store_.index.string());
    }
    try_to(job_, [&] {
      // Nothing is written if there is no store yet.
      if (is_read_only_ || !environment_.files.modified(store_.index)) return;
      lock_ = lock_job(environment_.files, store_, job_);
      report_dead_jobs();
    });
    record_ = load().value_or(JobRecord{});
    record_.job = job_;
    record_.started = now();
    record_.ended.reset();
    record_.status.reset();
    record_.error.clear();
    save(record_);
    run_hooks(reporting_.hooks, {job_, HookEvent::kStart});
  }

  void end(JobOutcome outcome, const std::string& error) {
    const bool is_done = outcome.status == ExitStatus::kDone;
    const bool was_stopped = is_stop_requested() && !is_done;
    record_.ended = now();
    record_.status = static_cast<int>(outcome.status);
    record_.error = error;
    if (is_done) record_.last_success = record_.ended;
    if (error.empty()) record_.details = std::move(outcome.details);
    if (!error.empty()) outcome.troubles.push_back(error);
    if (!is_done && outcome.troubles.empty()) {
      outcome.troubles.emplace_back(describe_status(*record_.status));
    }
    if (was_stopped && error.empty()) record_.error = kStopped;
    save(record_);            // before anything that takes time
    if (was_stopped) return;  // not a failure, and the stop must not be delayed
    run_hooks(reporting_.hooks, {job_, is_done ? HookEvent::kSuccess : HookEvent::kFailure,
                                 record_.status, outcome.document});
    if (lock_) mail_.send_pending(record_);
    mail_.report(record_, outcome);
    save(record_);
    send_pending_of_others();
    refresh_metrics();
  }

  // Reports other jobs, without running one.
  void report_earlier_jobs() {
    if (!is_read_only_) try_to(job_, [&] { report_dead_jobs(); });
    send_pending_of_others();
    refresh_metrics();
  }

 private:
  std::chrono::sys_seconds now() const { return environment_.clock.now_seconds(); }

  std::optional<JobRecord> load() const {
    std::optional<JobRecord> record;
    try_to(job_, [&] { record = load_job_record(environment_.files, store_, job_); });
    return record;
  }

  // If another process is running this job now, the record belongs to that process.
  void save(const JobRecord& record) const {
    if (!lock_) return;
    try_to(job_, [&] { save_job_record(environment_.files, store_, record); });
  }

  // Reports jobs of any kind that started but did not end, and that no process is running.
  void report_dead_jobs() {
    for (JobRecord& record : load_job_records(environment_.files, store_)) {
      if (record.ended) continue;
      const auto other =
          record.job == job_ ? nullptr : lock_job(environment_.files, store_, record.job);
      const bool is_ours = record.job == job_ && lock_;
      // Loaded again, because the job may have ended in the meantime.
      const auto current = load_job_record(environment_.files, store_, record.job);
      if ((!other && !is_ours) || !current || current->ended) continue;
      record.ended = now();
      record.error = kDied;
      log_error("{}: {}", record.job, kDied);
      run_hooks(reporting_.hooks,
                {record.job, HookEvent::kFailure, std::nullopt, error_document(kDied)});
      JobOutcome outcome;
      outcome.troubles = {kDied};
      save_job_record(environment_.files, store_, record);  // the mail is kept separately
      mail_.report(record, outcome);
      save_job_record(environment_.files, store_, record);
    }
  }

  // Sends the mail about other jobs that earlier programs could not deliver, unless a process is
  // running the job.
  void send_pending_of_others() const {
    if (is_read_only_) return;
    try_to(job_, [&] {
      for (JobRecord& record : load_job_records(environment_.files, store_)) {
        if (record.job == job_) continue;
        const auto lock = lock_job(environment_.files, store_, record.job);
        if (!lock) continue;
        const JobRecord before = record;
        const bool may_continue = mail_.send_pending(record);
        if (record != before) save_job_record(environment_.files, store_, record);
        if (!may_continue) return;
      }
    });
  }

  void refresh_metrics() const {
    if (reporting_.metrics.file.empty() && !reporting_.metrics.listen) return;
    try_to(job_, services_.write_metrics);
  }

  const Environment& environment_;
  const ReportingConfig& reporting_;
  const StoreConfig& store_;
  const std::string& job_;
  const JobServices& services_;
  const std::function<std::string()> footer_;
  const JobMailer mail_;
  // Jobs that only read work there, again and again: that is no error each time.
  const bool is_read_only_ = is_on_read_only_disk(store_.index);
  std::unique_ptr<FileLock> lock_;
  JobRecord record_;
};

}  // namespace

JobRun::JobRun(const Environment& environment, std::string_view job, JobServices services)
    : environment_(environment), job_(job), services_(std::move(services)) {}

ExitStatus JobRun::carry_out(const std::function<JobOutcome()>& body) {
  JobReporting reporting(environment_, job_, services_);
  reporting.begin();
  const auto fail_with = [&](ExitStatus status, const std::string& error) {
    JobOutcome outcome;
    outcome.status = status;
    outcome.document = error_document(error);
    reporting.end(std::move(outcome), error);
  };
  try {
    JobOutcome outcome = body();
    const ExitStatus status = outcome.status;
    reporting.end(std::move(outcome), "");
    return status;
  } catch (const Error& error) {
    fail_with(exit_status(error.code()), error.what());
    throw;
  } catch (const std::exception& error) {
    fail_with(ExitStatus::kNothingDone, escape_for_terminal(error.what()));
    throw;
  }
}

void report_earlier_jobs(const Environment& environment, const JobServices& services) {
  if (!environment.files.modified(environment.config.store.index)) return;
  const std::string name = "run";
  JobReporting(environment, name, services).report_earlier_jobs();
}

}  // namespace base
