#include "backupd/daemon_backup.h"

#include <nlohmann/json.hpp>

#include "backupd/daemon/control_socket.h"
#include "backupd/daemon/daemon_status.h"
#include "backupd/daemon/job_process.h"
#include "backupd/daemon/job_report.h"
#include "backupd/report/kept_report.h"
#include "backupd/report/pass_report.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/program/progress_line.h"

namespace backupd {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kStatusInterval{300};
constexpr std::uint64_t kMaxReportBytes = 256ULL * 1024 * 1024;

struct EndedRun {
  int exit_status = 0;
  std::string report;  // see kept_report_path()
};

// Waits until the run has ended.
EndedRun follow(const base::Environment& environment, std::uint64_t run) {
  base::ProgressLine line(environment.clock);
  bool has_logged_wait = false;
  for (;;) {
    environment.clock.sleep_for(kStatusInterval);
    const auto status = ask_about_daemon(environment.config.store);
    if (!status) base::fail(base::ErrorCode::kIo, "once: the daemon ended meanwhile: see its log");
    const Json job = job_in(*status, Job::kBackup);
    const bool is_running = job.at("running");
    if (job.at("ended") >= run) {
      // A daemon of an earlier version has one report for all backups.
      return {job.at("last_exit_status").get<int>(),
              job.value("report", report_name(Job::kBackup, BackupScope::kAllAccounts))};
    }
    const std::string work = describe_work(*status);
    if (!is_running && work.empty() && job.value("waits_for_store", false)) {
      base::fail(base::ErrorCode::kBusy,
                 "once: another process holds the store: the daemon tries again at {}",
                 job.at("next_start").get<std::string>());
    }
    if (is_running && job.at("run") == run) {
      line.show(describe_progress_of(job));
      continue;
    }
    if (work.empty()) continue;
    if (!has_logged_wait) base::log_info("once: {}: the backup is next", work);
    has_logged_wait = true;
    line.show("waiting: " + work);
  }
}

}  // namespace

std::optional<base::ExitStatus> once_by_daemon(const base::Environment& environment,
                                               const OnceOptions& options) {
  if (JobProcess::is_this(environment)) return std::nullopt;
  const base::StoreConfig& store = environment.config.store;
  const auto answer =
      ask_daemon(store, StartRequest{std::string(job_name(Job::kBackup)), options.accounts, true});
  if (!answer) return std::nullopt;
  const auto started = parse_start_answer(*answer);
  if (!started || !started->run) {
    base::fail(base::ErrorCode::kIo,
               "once: the daemon does not understand the request: restart it");
  }
  const EndedRun run = follow(environment, *started->run);

  const auto report =
      base::read_file(environment.files, kept_report_path(store, run.report), kMaxReportBytes);
  const Json document = Json::parse(base::as_text(report.value_or(base::Bytes())), nullptr, false);
  if (!document.is_object() || base::is_error_document(base::as_text(*report))) {
    base::fail(base::ErrorCode::kIo,
               "once: the daemon's backup ended with exit status {}: see the "
               "daemon's log",
               run.exit_status);
  }
  const bool as_json = environment.format == base::OutputFormat::kJson;
  const bool is_of_all = run.report == report_name(Job::kBackup, BackupScope::kAllAccounts);
  const auto scope = is_of_all ? BackupScope::kAllAccounts : BackupScope::kNamedAccounts;
  base::print_report(as_json ? std::string(base::as_text(*report)) : text_of_pass(document, scope));
  return static_cast<base::ExitStatus>(run.exit_status);
}

}  // namespace backupd
