#include "backupd/daemon_backup.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/control_socket.h"
#include "backupd/job_process.h"
#include "backupd/job_report.h"
#include "backupd/pass_report.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/progress_line.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kBetweenLooks{300};
constexpr std::uint64_t kLargestReport = 256ULL * 1024 * 1024;

// Of what the daemon does; nothing if it runs no more.
std::optional<Json> ask_about_backup(const base::StoreConfig& store) {
  const auto answer = ask_daemon(store, "status");
  if (!answer) return std::nullopt;
  const Json status = Json::parse(*answer);
  for (const Json& job : status.at("jobs")) {
    if (job.at("job") == job_name(Job::kBackup)) return job;
  }
  return std::nullopt;
}

// Waits until that run is over; gives its exit status.
int follow(const base::Surroundings& surroundings, std::uint64_t run) {
  base::ProgressLine line(surroundings.clock);
  const auto began = surroundings.clock.steady_now();
  for (;;) {
    surroundings.clock.sleep_for(kBetweenLooks);
    const auto job = ask_about_backup(surroundings.config.store);
    if (!job) base::fail(base::ErrorCode::kIo, "once: the daemon ended meanwhile: see its log");
    const bool is_running = job->at("running");
    if (job->at("ended") >= run) return job->at("last_exit_status");
    const auto& status = job->at("last_exit_status");
    if (!is_running && status == static_cast<int>(base::ExitStatus::kBusy)) {
      base::fail(base::ErrorCode::kBusy,
                 "once: another process holds the store: the daemon tries again at {}",
                 job->at("next_start").get<std::string>());
    }
    if (!line.is_due()) continue;
    const auto passed =
        std::chrono::floor<std::chrono::seconds>(surroundings.clock.steady_now() - began);
    line.show(fmt::format("the daemon {}: {}",
                          is_running && job->at("run") == run ? "backs up" : "has other work first",
                          base::format_duration(passed)));
  }
}

}  // namespace

std::optional<base::ExitStatus> once_by_daemon(const base::Surroundings& surroundings,
                                               const OnceOptions& options) {
  if (surroundings.config_file == JobProcess::kConfigPath) return std::nullopt;
  const base::StoreConfig& store = surroundings.config.store;
  const Json wish = {
      {"start", job_name(Job::kBackup)}, {"accounts", options.accounts}, {"queue", true}};
  const auto answer = ask_daemon(store, wish.dump());
  if (!answer) return std::nullopt;
  const Json agreed = Json::parse(*answer, nullptr, false);
  if (!agreed.is_object() || !agreed.contains("run")) {
    base::fail(base::ErrorCode::kIo, "once: the daemon does not understand: restart it");
  }
  const int status = follow(surroundings, agreed.at("run"));

  const auto report =
      base::read_file(surroundings.files, report_of(store, Job::kBackup), kLargestReport);
  const Json document = Json::parse(base::as_text(report.value_or(base::Bytes())), nullptr, false);
  if (!document.is_object()) {
    base::fail(base::ErrorCode::kIo,
               "once: the daemon's backup ended with exit status {}: see the "
               "daemon's log",
               status);
  }
  const bool as_json = surroundings.format == base::OutputFormat::kJson;
  base::print_result(as_json ? std::string(base::as_text(*report)) : text_of_pass(document));
  return static_cast<base::ExitStatus>(status);
}

}  // namespace backupd
