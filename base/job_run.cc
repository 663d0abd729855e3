#include "base/job_run.h"

#include <exception>
#include <memory>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hooks.h"
#include "base/job_letter.h"
#include "base/job_record.h"
#include "base/log.h"
#include "base/mailer.h"
#include "base/process.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "base/trouble_memory.h"

namespace base {

namespace {

constexpr const char* kDied =
    "it was ended before it was done: killed, or the machine stopped: see the system's log";

constexpr const char* kStopped = "stopped: the next run goes on";

// What is not the job itself must not end it.
template <typename Action>
void try_to(std::string_view job, const Action& action) {
  try {
    action();
  } catch (const std::exception& error) {
    log_error("{}: {}", job, error.what());
  }
}

std::string error_document(const std::string& error) {
  const nlohmann::ordered_json document = {{"status", "failed"}, {"error", error}};
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

class AroundJob {
 public:
  AroundJob(const Surroundings& surroundings, const std::string& job,
            const std::function<std::string()>& foot)
      : surroundings_(surroundings),
        reporting_(surroundings.config.reporting),
        store_(surroundings.config.store),
        job_(job),
        foot_(foot) {}

  void begin() {
    try_to(job_, [&] {
      // Nothing is written where there is no store yet.
      if (!surroundings_.files.modified(store_.index)) return;
      lock_ = lock_job(surroundings_.files, store_, job_);
      look_for_dead();
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
      outcome.troubles.emplace_back(in_words(*record_.status));
    }
    if (was_stopped && error.empty()) record_.error = kStopped;
    save(record_);            // before anything that takes time
    if (was_stopped) return;  // no trouble, and nobody may be made to wait
    run_hooks(reporting_.hooks, {job_, is_done ? HookEvent::kSuccess : HookEvent::kFailure,
                                 record_.status, outcome.document});
    tell(record_, outcome);
    refresh_metrics();
  }

 private:
  std::chrono::sys_seconds now() const {
    return std::chrono::floor<std::chrono::seconds>(surroundings_.clock.now());
  }

  std::optional<JobRecord> load() const {
    std::optional<JobRecord> record;
    try_to(job_, [&] { record = load_job_record(surroundings_.files, store_, job_); });
    return record;
  }

  // Where another process runs this job just now, the record is that one's.
  void save(const JobRecord& record) const {
    if (!lock_) return;
    try_to(job_, [&] { save_job_record(surroundings_.files, store_, record); });
  }

  // Jobs of any kind that began and did not end, and that nobody runs.
  void look_for_dead() {
    for (JobRecord& record : load_job_records(surroundings_.files, store_)) {
      if (record.ended) continue;
      const auto other =
          record.job == job_ ? nullptr : lock_job(surroundings_.files, store_, record.job);
      const bool is_ours = record.job == job_ && lock_;
      // As it stands now: it may have ended just before.
      const auto current = load_job_record(surroundings_.files, store_, record.job);
      if ((!other && !is_ours) || !current || current->ended) continue;
      record.ended = now();
      record.error = kDied;
      log_error("{}: {}", record.job, kDied);
      run_hooks(reporting_.hooks,
                {record.job, HookEvent::kFailure, std::nullopt, error_document(kDied)});
      JobOutcome outcome;
      outcome.troubles = {kDied};
      tell(record, outcome);
      save_job_record(surroundings_.files, store_, record);
    }
  }

  // Writes mail where it is due, and remembers in the record what became of it.
  void tell(JobRecord& record, const JobOutcome& outcome) const {
    if (!reporting_.mail || reporting_.reports.to.empty()) return;
    try {
      if (!tell_if_due(record, outcome)) return;
      note_told(record, outcome.troubles, now());
      record.mail_error.clear();
    } catch (const std::exception& error) {
      log_error("{}: {}", record.job, error.what());
      record.mail_error = escape_for_terminal(error.what());
    }
    save(record);
  }

  // Whether it was.
  bool tell_if_due(const JobRecord& record, const JobOutcome& outcome) const {
    const Telling telling = what_to_tell(record, outcome.troubles, now());
    if (outcome.summary) {
      const bool is_wanted = reporting_.reports.when == ReportWhen::kAlways ||
                             !outcome.troubles.empty() || telling == Telling::kOver;
      if (!is_wanted) return false;
      send({outcome.summary->headline, outcome.summary->body});
    } else if (telling == Telling::kTrouble) {
      send(write_of_trouble(record, outcome.troubles, outcome.text));
    } else if (telling == Telling::kOver) {
      send(write_of_end(record));
    } else {
      return false;
    }
    return true;
  }

  void send(const JobLetter& letter) const {
    const Mailer mailer(*reporting_.mail, surroundings_.clock);
    mailer.send({reporting_.reports.to,
                 fmt::format("mailstow on {}: {}", mailer.host(), letter.headline),
                 letter.body + "\n" + foot()});
  }

  std::string foot() const {
    std::string text;
    try_to(job_, [&] { text = foot_(); });
    return text;
  }

  void refresh_metrics() const {
    if (reporting_.metrics.file.empty() && !reporting_.metrics.listen) return;
    try_to(job_, [&] {
      const int status =
          status_of({program_beside_us("mailstow-backupd"), "--config",
                     surroundings_.config_file.string(), "-q", "metrics", "--write"});
      if (status != 0) log_error("{}: metrics were not written: exit status {}", job_, status);
    });
  }

  const Surroundings& surroundings_;
  const ReportingConfig& reporting_;
  const StoreConfig& store_;
  const std::string& job_;
  const std::function<std::string()>& foot_;
  std::unique_ptr<FileLock> lock_;
  JobRecord record_;
};

}  // namespace

JobRun::JobRun(const Surroundings& surroundings, std::string_view job,
               std::function<std::string()> foot)
    : surroundings_(surroundings), job_(job), foot_(std::move(foot)) {}

ExitStatus JobRun::carry_out(const std::function<JobOutcome()>& body) {
  AroundJob around(surroundings_, job_, foot_);
  around.begin();
  const auto fail_with = [&](ExitStatus status, const std::string& error) {
    JobOutcome outcome;
    outcome.status = status;
    outcome.document = error_document(error);
    around.end(std::move(outcome), error);
  };
  try {
    JobOutcome outcome = body();
    const ExitStatus status = outcome.status;
    around.end(std::move(outcome), "");
    return status;
  } catch (const Error& error) {
    fail_with(exit_status(error.code()), error.what());
    throw;
  } catch (const std::exception& error) {
    fail_with(ExitStatus::kNothingDone, escape_for_terminal(error.what()));
    throw;
  }
}

}  // namespace base
