#include "backupd/daemon/daemon_status.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/daemon/control_socket.h"
#include "backupd/pass/pass_progress.h"
#include "base/terminal.h"

namespace backupd {

namespace {

using Json = nlohmann::ordered_json;

std::string_view activity_of(Job job) {
  return job == Job::kPrune ? "the daemon prunes" : "the daemon backs up";
}

}  // namespace

std::optional<Json> ask_about_daemon(const base::StoreConfig& store) {
  const auto answer = ask_daemon(store, StatusRequest());
  if (!answer) return std::nullopt;
  Json status = Json::parse(*answer, nullptr, false);
  return status.is_object() ? std::optional(std::move(status)) : std::nullopt;
}

Json job_in(const Json& status, Job job) {
  for (const Json& state : status.value("jobs", Json::array())) {
    if (state.value("job", "") == job_name(job)) return state;
  }
  return Json::object();
}

std::string describe_progress_of(const Json& job) {
  const auto progress = job.find("progress");
  if (progress == job.end()) return "";
  const auto report = progress_in(progress->dump());
  return report ? describe(report->progress, report->elapsed) : "";
}

std::string metrics_trouble_in(const Json& status) {
  const auto metrics = status.find("metrics");
  if (metrics == status.end() || !metrics->is_object()) return "";
  const auto error = metrics->find("error");
  return error != metrics->end() && error->is_string() ? error->get<std::string>() : "";
}

std::string describe_work(const Json& status) {
  for (const Job job : kJobs) {
    const Json state = job_in(status, job);
    if (!is_writer(job) || !state.value("running", false)) continue;
    const std::string progress = describe_progress_of(state);
    return std::string(activity_of(job)) + (progress.empty() ? "" : ": " + progress);
  }
  for (const Json& loan : status.value("loans", Json::array())) {
    if (!loan.value("lent", false)) continue;
    return fmt::format("the store is lent to {}, process {}",
                       base::escape_for_terminal(loan.value("command", "")),
                       loan.value("process", 0));
  }
  return "";
}

}  // namespace backupd
