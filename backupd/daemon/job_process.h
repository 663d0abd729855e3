// A job of the daemon as a separate process: its memory, file descriptors and locks are released
// when it ends, however it ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/child.h"
#include "base/program/program.h"

namespace backupd {

class JobProcess {
 public:
  // The path by which the process opens `config`.
  static constexpr std::string_view kConfigPath = "/proc/self/fd/3";

  // The descriptor to which the job reports its progress (backupd/daemon/progress_report.h).
  static constexpr int kProgressDescriptor = 4;

  // Whether this process is a job of the daemon.
  static bool is_this(const base::Environment& environment) {
    return environment.config_file == kConfigPath;
  }

  // Runs `command` with the file descriptors `config` and `progress` (which must be 5 or above).
  // Its stdout goes to the file `output`, which is created or truncated (nowhere if that is empty);
  // its stderr is that of this process. Its signal mask and handlers are those that a shell would
  // set. Fails with kIo and kConfig.
  JobProcess(const std::vector<std::string>& command, int config, int progress,
             const base::Path& output);
  JobProcess(const JobProcess&) = delete;
  JobProcess& operator=(const JobProcess&) = delete;
  ~JobProcess();  // kills the process (SIGKILL) if it still runs

  pid_t pid() const { return child_.pid(); }
  void signal(int number) const { child_.signal(number); }

  // The exit status, or 128 + the signal that ended the process; nullopt while it runs.
  std::optional<int> try_wait() { return child_.try_wait(); }

 private:
  base::Child child_;
};

}  // namespace backupd
