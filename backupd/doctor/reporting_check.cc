// Checks that reports on the backup reach their recipients.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <fmt/core.h>
#include <unistd.h>

#include "backupd/doctor/checks.h"
#include "backupd/doctor/file_access.h"
#include "base/error.h"
#include "base/reporting/job_record.h"
#include "base/reporting/mail_template.h"
#include "base/terminal.h"

namespace backupd {

namespace {

constexpr const char* kReports = "reports";
constexpr const char* kUserMail = "user mail";
constexpr const char* kHook = "hook";
constexpr const char* kMetrics = "metrics";

void check_template(const base::Path& file, base::FileSystem& files,
                    std::vector<Finding>& findings) {
  if (file.empty()) return;
  try {
    static_cast<void>(base::load_mail_template(files, file));
    findings.push_back(passed(kUserMail, shown(file), "valid template"));
  } catch (const base::Error& error) {
    findings.push_back(failure(kUserMail, shown(file), error.what(),
                               "see man mailstow.json, \"user_mail\", for templates",
                               base::ExitStatus::kUsage));
  }
}

// Searches PATH as exec does.
bool can_be_run(const std::string& program) {
  if (program.find('/') != std::string::npos) return ::access(program.c_str(), X_OK) == 0;
  const char* const path = std::getenv("PATH");
  std::string_view directories = path == nullptr ? "" : path;
  while (!directories.empty()) {
    const std::string_view directory = directories.substr(0, directories.find(':'));
    if (::access((base::Path(directory) / program).c_str(), X_OK) == 0) return true;
    directories.remove_prefix(std::min(directory.size() + 1, directories.size()));
  }
  return false;
}

void check_hooks(const std::vector<base::HookConfig>& hooks, std::vector<Finding>& findings) {
  for (const base::HookConfig& hook : hooks) {
    if (!hook.ca_file.empty() && !may_read(hook.ca_file)) {
      findings.push_back(failure(kHook, shown(hook.ca_file),
                                 "this user can't read it, or it does not exist",
                                 "check ca_file and its permissions"));
    }
    if (hook.command.empty()) continue;
    const std::string program = base::escape_for_terminal(hook.command.front());
    findings.push_back(can_be_run(hook.command.front())
                           ? passed(kHook, program, "executable")
                           : failure(kHook, program, "this user can't run it, or it does not exist",
                                     "check its path and permissions"));
  }
}

void check_metrics(const base::Path& file, std::vector<Finding>& findings) {
  if (file.empty()) return;
  const base::Path directory = file.parent_path();
  findings.push_back(may_write(directory)
                         ? passed(kMetrics, shown(file), "its directory is writable")
                         : failure(kMetrics, shown(file),
                                   "its directory does not exist, or is not writable",
                                   fmt::format("chgrp and chmod g+w {}", shown(directory))));
}

void check_mail_sent(const std::vector<base::JobRecord>& records, std::vector<Finding>& findings) {
  for (const base::JobRecord& record : records) {
    if (record.mail_error.empty()) continue;
    findings.push_back(
        failure(kReports, record.job,
                fmt::format("the last mail about it could not be sent: {}", record.mail_error),
                "fix that, and test it: doctor --send-test-mail"));
  }
}

}  // namespace

std::vector<Finding> check_reporting(const base::Environment& environment) {
  const base::ReportingConfig& config = environment.config.reporting;
  std::vector<Finding> findings;
  check_template(config.user_mail.restored, environment.files, findings);
  check_template(config.user_mail.reminder, environment.files, findings);
  check_template(config.user_mail.rescued, environment.files, findings);
  check_template(config.user_mail.login, environment.files, findings);
  check_template(config.user_mail.grant, environment.files, findings);
  check_hooks(config.hooks, findings);
  check_metrics(config.metrics.file, findings);
  check_mail_sent(base::load_job_records(environment.files, environment.config.store), findings);
  const bool has_recipient = !config.reports.to.empty() || !config.hooks.empty() ||
                             !config.metrics.file.empty() || config.metrics.listen;
  if (!has_recipient) {
    findings.push_back(warning(kReports, "", "no one is notified of problems",
                               "configure `mail` with `reports`, hooks or metrics"));
  }
  return findings;
}

}  // namespace backupd
