#include "base/child.h"

#include <cerrno>
#include <csignal>
#include <system_error>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/finally.h"

namespace base {

namespace {

// The null-terminated array that posix_spawn expects; valid as long as `words` is.
std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

int exit_status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace

Child::Child(const std::vector<std::string>& command, const ChildOptions& options) {
  const std::vector<char*> arguments = pointers_to(command);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  const Finally destroy_actions([&] { ::posix_spawn_file_actions_destroy(&actions); });
  for (const auto& [ours, theirs] : options.descriptors) {
    ::posix_spawn_file_actions_adddup2(&actions, ours, theirs);
  }
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  const Finally destroy_attributes([&] { ::posix_spawnattr_destroy(&attributes); });
  int flags = 0;
  if (options.has_signals_unblocked) {
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    flags |= POSIX_SPAWN_SETSIGMASK;
  }
  if (options.has_own_group) {
    ::posix_spawnattr_setpgroup(&attributes, 0);
    flags |= POSIX_SPAWN_SETPGROUP;
  }
  ::posix_spawnattr_setflags(&attributes, static_cast<short>(flags));
  const std::vector<char*> variables =
      options.environment ? pointers_to(*options.environment) : std::vector<char*>();
  const int error =
      ::posix_spawnp(&pid_, arguments.front(), &actions, &attributes, arguments.data(),
                     options.environment ? variables.data() : environ);
  if (error != 0) {
    fail(ErrorCode::kConfig, "run command {}: {}", command.front(),
         std::generic_category().message(error));
  }
}

Child Child::with_pid(pid_t pid) {
  Child child;
  child.pid_ = pid;
  return child;
}

int Child::wait() {
  int status = 0;
  while (!status_) {
    if (::waitpid(pid_, &status, 0) == pid_) {
      status_ = exit_status_of(status);
    } else if (errno != EINTR) {
      fail_with_errno(errno, "wait for a process");
    }
  }
  return *status_;
}

std::optional<int> Child::try_wait() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = exit_status_of(status);
  return status_;
}

void Child::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

void Child::signal_group(int number) const {
  if (!status_) ::kill(-pid_, number);
}

}  // namespace base
