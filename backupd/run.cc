#include <memory>

#include <fmt/core.h>

#include "backupd/commands.h"
#include "backupd/daemon/control_socket.h"
#include "backupd/daemon/daemon.h"
#include "base/error.h"
#include "base/terminal.h"

namespace backupd {

namespace {

// All jobs, for a sentence: `last` stands before the last of them.
std::string listed_jobs(std::string_view last) {
  std::string text(job_name(kJobs.front()));
  for (std::size_t at = 1; at < kJobs.size(); ++at) {
    text += at + 1 == kJobs.size() ? fmt::format(" {} ", last) : ", ";
    text += job_name(kJobs[at]);
  }
  return text;
}

base::ExitStatus start_now(const base::Environment& environment, const std::string& job) {
  if (!job_of(job)) {
    base::fail(base::ErrorCode::kUsage, "run --now {}: jobs are {}", base::escape_for_terminal(job),
               listed_jobs("and"));
  }
  const auto answer = ask_daemon(environment.config.store, StartRequest{job});
  if (!answer) {
    base::fail(base::ErrorCode::kNotFound, "run --now {}: no daemon runs for this store", job);
  }
  const auto started = parse_start_answer(*answer);
  if (started && started->started) {
    const std::string work = base::escape_for_terminal(started->waits_for.value_or(""));
    base::print_report(work.empty() ? fmt::format("{}: started.\n", job)
                                    : fmt::format("{}: starts next: {}.\n", job, work));
    return base::ExitStatus::kDone;
  }
  base::print_result(fmt::format("{}: already running.\n", job));
  return base::ExitStatus::kNothingDone;
}

}  // namespace

base::ExitStatus run(const base::Environment& environment, const RunOptions& command) {
  if (!command.now.empty()) return start_now(environment, command.now);
  Daemon(environment, environment.config_file).run();
  return base::ExitStatus::kDone;
}

base::Command run_command() {
  const auto options = std::make_shared<RunOptions>();
  return {.name = "run",
          .help = "Run the daemon: back up, sweep, prune and check on schedule",
          .declare =
              [options](base::Options& declared) {
                declared.value("--now", options->now, "JOB",
                               "Make the running daemon start this job now: " + listed_jobs("or"));
              },
          .has_document = false,
          .function = [options](const auto& environment) { return run(environment, *options); }};
}

}  // namespace backupd
