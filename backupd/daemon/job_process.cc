#include "backupd/daemon/job_process.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/error.h"
#include "base/handle.h"
#include "base/regular_file.h"

namespace backupd {

namespace {

constexpr int kConfigDescriptor = 3;  // as kConfigPath has it

base::Child start(const std::vector<std::string>& command, int config, int progress,
                  const base::Path& output) {
  const base::Fd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nowhere) base::fail_with_errno(errno, "open /dev/null");
  const base::Fd report =
      output.empty() ? base::Fd()
                     : base::open_regular_file("write", output, O_WRONLY | O_CREAT | O_TRUNC);
  return base::Child(command,
                     {.descriptors = {{nowhere.get(), STDIN_FILENO},
                                      {report ? report.get() : nowhere.get(), STDOUT_FILENO},
                                      {config, kConfigDescriptor},
                                      {progress, JobProcess::kProgressDescriptor}},
                      .has_signals_unblocked = true});
}

}  // namespace

JobProcess::JobProcess(const std::vector<std::string>& command, int config, int progress,
                       const base::Path& output)
    : child_(start(command, config, progress, output)) {}

JobProcess::~JobProcess() {
  if (child_.try_wait()) return;
  child_.signal(SIGKILL);
  child_.wait();
}

}  // namespace backupd
