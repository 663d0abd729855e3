// A job of the daemon as a program of its own: what it does to memory, file descriptors or locks
// ends with it, whatever befalls it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/program/program.h"

namespace backupd {

class JobProcess {
 public:
  // What `config` is called in the program.
  static constexpr std::string_view kConfigPath = "/proc/self/fd/3";

  // Where it tells how far it is (backupd/daemon/progress_report.h).
  static constexpr int kProgressDescriptor = 4;

  // Whether this program is one.
  static bool is_this(const base::Environment& environment) {
    return environment.config_file == kConfigPath;
  }

  // Runs `command` with the file descriptors `config` and `progress`, which is none of the first
  // five, and its stdout in the file `output`, made anew; its stderr is ours. It begins with the
  // signals as a shell would hand them over. Fails with kIo.
  JobProcess(const std::vector<std::string>& command, int config, int progress,
             const base::Path& output);
  JobProcess(const JobProcess&) = delete;
  JobProcess& operator=(const JobProcess&) = delete;
  ~JobProcess();  // ends it (SIGKILL) if it still runs

  pid_t pid() const { return pid_; }
  void signal(int number) const;

  // The exit status, or 128 + the signal that ended it; nothing while it runs.
  std::optional<int> try_wait();

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace backupd
