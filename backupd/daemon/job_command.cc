#include "backupd/daemon/job_command.h"

#include "backupd/daemon/job_process.h"
#include "base/log.h"
#include "base/process.h"
#include "base/time_text.h"

namespace backupd {

namespace {

std::vector<std::string> command_of(const char* program) {
  std::vector<std::string> command = {base::sibling_program(program), "--config",
                                      std::string(JobProcess::kConfigPath)};
  if (!base::is_logged(base::LogLevel::kInfo)) command.emplace_back("-q");
  return command;
}

}  // namespace

std::vector<std::string> job_command(Job job, const base::ScheduleConfig& schedule,
                                     const std::vector<std::string>& accounts) {
  std::vector<std::string> command =
      command_of(job == Job::kSweep ? "mailstow-restore" : "mailstow-backupd");
  switch (job) {
    case Job::kBackup:
      command.emplace_back("once");
      for (const std::string& account : accounts) {
        command.insert(command.end(), {"--account", account});
      }
      break;
    case Job::kPrune:
      command.emplace_back("prune");
      break;
    case Job::kCheck:
      command.insert(command.end(), {"check", "--for", base::format_duration(schedule.check_for)});
      break;
    case Job::kSweep:
      command.emplace_back("sweep");
      break;
    case Job::kDrill:
      command.emplace_back("drill");
      break;
    case Job::kCopy:
      command.emplace_back("copy");
      break;
    case Job::kExtendLocks:
      command.emplace_back("extend-locks");
      break;
  }
  command.emplace_back("--json");
  return command;
}

std::vector<std::string> report_command() {
  std::vector<std::string> command = command_of("mailstow-backupd");
  command.emplace_back("tell");
  return command;
}

}  // namespace backupd
