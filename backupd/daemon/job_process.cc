#include "backupd/daemon/job_process.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"

namespace backupd {

namespace {

constexpr int kConfigDescriptor = 3;  // as kConfigPath has it

}  // namespace

JobProcess::JobProcess(const std::vector<std::string>& command, int config, int progress,
                       const base::Path& output) {
  const std::vector<char*> arguments = base::argument_vector(command);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, config, kConfigDescriptor);
  ::posix_spawn_file_actions_adddup2(&actions, progress, kProgressDescriptor);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int error =
      ::posix_spawn(&pid_, arguments.front(), &actions, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) base::fail_with_errno(error, fmt::format("start {}", command.front()));
}

JobProcess::~JobProcess() {
  if (try_wait()) return;
  signal(SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void JobProcess::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> JobProcess::try_wait() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

}  // namespace backupd
