#include "base/supervised_command.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/handle.h"
#include "base/memory_file.h"
#include "base/process.h"

namespace base {

namespace {

std::vector<std::string> with_our_environment(const std::map<std::string, std::string>& more) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    if (!more.contains(std::string(line.substr(0, line.find('='))))) all.emplace_back(line);
  }
  for (const auto& [name, value] : more) all.push_back(fmt::format("{}={}", name, value));
  return all;
}

// Starts the command in a process group of its own, so that all its processes can be killed, and
// with the signal mask that a shell would give it.
pid_t start_group(const SupervisedCommand& command, int input) {
  const std::vector<char*> arguments = argument_vector(command.command);
  const std::vector<std::string> variables = with_our_environment(command.environment);
  const std::vector<char*> environment = argument_vector(variables);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, arguments.front(), &actions, &attributes,
                                   arguments.data(), environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    fail(ErrorCode::kConfig, "run command {}: {}", command.command.front(),
         std::generic_category().message(error));
  }
  return child;
}

// Returns true if the process ended before the timeout.
bool wait_until_ended(int process, std::chrono::seconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  pollfd ended{process, POLLIN, 0};
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    const auto patience = std::clamp<std::int64_t>(left.count(), 0, 60'000);
    if (::poll(&ended, 1, static_cast<int>(patience)) > 0) return true;
    if (left.count() <= 0) return false;
  }
}

}  // namespace

std::optional<int> run_supervised(const SupervisedCommand& command) {
  if (command.command.empty()) fail(ErrorCode::kConfig, "run command: it is empty");
  // A file in memory, not a pipe: however long the input is, and whether the command reads it or
  // not, neither process waits for the other.
  const Fd input = memory_file("the command's input", as_bytes(command.input));
  const pid_t child = start_group(command, input.get());
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  const bool has_ended = process && wait_until_ended(process.get(), command.timeout);
  if (!has_ended) ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!has_ended) return std::nullopt;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace base
