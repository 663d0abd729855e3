#include <array>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/daemon/control_socket.h"
#include "backupd/daemon/daemon_status.h"
#include "backupd/doctor/checks.h"
#include "backupd/doctor/systemd_unit.h"
#include "base/error.h"
#include "base/exit_status.h"
#include "base/json_text.h"
#include "base/terminal.h"

namespace backupd {

namespace {

constexpr const char* kServiceCheck = "service";

struct Timer {
  const char* unit;
  const char* cost;  // what happens without it
};
constexpr std::array kTimers = {
    Timer{"mailstow-backup.timer", "no backups are made"},
    Timer{"mailstow-sweep.timer", "restored trees remain after they expire"},
    Timer{"mailstow-prune.timer", "old snapshots are kept"},
    Timer{"mailstow-check.timer", "damage to the store goes unnoticed"},
};

std::vector<Finding> check_jobs(const nlohmann::ordered_json& daemon) {
  std::vector<Finding> findings;
  for (const auto& job : daemon.value("jobs", nlohmann::ordered_json::array())) {
    const auto& status = job.at("last_exit_status");
    const bool is_well = status.is_null() || status == 0;
    if (is_well) continue;
    const std::string name = job.value("job", "");
    findings.push_back(warning(kServiceCheck, name,
                               fmt::format("its last run ended with exit status {}", status.dump()),
                               fmt::format("see reports/{}.json beside the index, and the log",
                                           job.value("report", name))));
  }
  if (const std::string trouble = metrics_trouble_in(daemon); !trouble.empty()) {
    findings.push_back(failure(kServiceCheck, "metrics", base::escape_for_terminal(trouble),
                               "if another program has the address, ss -ltnp shows which; the "
                               "daemon tries again every minute"));
  }
  findings.push_back(
      passed(kServiceCheck, "daemon", fmt::format("running since {}", daemon.value("since", ""))));
  return findings;
}

}  // namespace

std::vector<Finding> check_service(const base::StoreConfig& config) {
  if (const auto answer = ask_daemon(config, StatusRequest())) {
    const auto document = base::parse_json(*answer);
    if (document.is_object()) return check_jobs(document);
    return {failure(kServiceCheck, "daemon", "it does not answer status requests",
                    "restart it: systemctl restart mailstow")};
  }
  if (is_unit_enabled("mailstow.service")) {
    return {
        failure(kServiceCheck, "mailstow.service", "it is enabled, but no daemon runs",
                "journalctl -u mailstow shows why it ended; then systemctl reset-failed mailstow, "
                "systemctl start mailstow")};
  }
  std::vector<Finding> findings;
  std::size_t missing = 0;
  for (const Timer& timer : kTimers) {
    if (is_unit_enabled(timer.unit)) continue;
    ++missing;
    findings.push_back(warning(kServiceCheck, timer.unit,
                               fmt::format("not enabled: {}", timer.cost),
                               fmt::format("systemctl enable --now {}", timer.unit)));
  }
  if (missing == kTimers.size()) {
    return {warning(kServiceCheck, "",
                    "no daemon runs and no timer of mailstow is enabled: unless a cron job does "
                    "it, nothing is backed up, swept, pruned or checked",
                    "systemctl enable --now mailstow.service, or mailstow-backup.timer, "
                    "mailstow-sweep.timer, mailstow-prune.timer and mailstow-check.timer")};
  }
  if (missing == 0) findings.push_back(passed(kServiceCheck, "timers", "enabled"));
  return findings;
}

}  // namespace backupd
