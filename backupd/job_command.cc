#include "backupd/job_command.h"

#include <filesystem>

#include "backupd/job_process.h"
#include "base/log.h"
#include "base/time_text.h"

namespace backupd {

std::vector<std::string> job_command(Job job, const base::ScheduleConfig& schedule,
                                     const std::vector<std::string>& accounts) {
  const base::Path self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string program =
      job == Job::kSweep ? (self.parent_path() / "mailstow-restore").string() : self.string();
  std::vector<std::string> command = {program, "--config", std::string(JobProcess::kConfigPath)};
  if (!base::is_logged(base::LogLevel::kInfo)) command.emplace_back("-q");
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
  }
  command.emplace_back("--json");
  return command;
}

}  // namespace backupd
