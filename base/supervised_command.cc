#include "base/supervised_command.h"

#include <algorithm>
#include <csignal>

#include <fmt/core.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/child.h"
#include "base/error.h"
#include "base/handle.h"
#include "base/memory_file.h"

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
  Child child(command.command,
              {.descriptors = {{input.get(), STDIN_FILENO}, {STDERR_FILENO, STDOUT_FILENO}},
               .environment = with_our_environment(command.environment),
               .has_own_group = true,
               .has_signals_unblocked = true});
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, child.pid(), 0)));
  const bool has_ended = process && wait_until_ended(process.get(), command.timeout);
  if (!has_ended) child.signal_group(SIGKILL);
  const int status = child.wait();
  return has_ended ? std::optional(status) : std::nullopt;
}

}  // namespace base
