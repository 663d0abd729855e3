#include "base/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/child.h"
#include "base/error.h"
#include "base/finally.h"
#include "base/handle.h"
#include "base/stop_request.h"

namespace base {

namespace {

struct Pipe {
  Fd read_end;
  Fd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail_with_errno(errno, "create a pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

Child start(const std::vector<std::string>& command, int output, Stderr errors,
            bool has_own_group = false) {
  ChildOptions options{.descriptors = {{output, STDOUT_FILENO}}};
  if (errors == Stderr::kCaptured) options.descriptors.emplace_back(output, STDERR_FILENO);
  options.has_own_group = has_own_group;
  return Child(command, options);
}

// For poll(): in milliseconds.
int time_until(const Deadline& deadline) {
  if (!deadline) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now());
  return static_cast<int>(
      std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max()));
}

// Waits until the descriptor can be read. Returns false at the deadline. With OnStop::kThrow
// (base/stop_request.h) a stop request is passed on to the child, and the wait continues: what the
// child leaves behind is its own responsibility.
bool wait_until_readable(int fd, const Child& child, bool& stop_was_sent,
                         const Deadline& deadline) {
  for (;;) {
    std::array sources = {pollfd{fd, POLLIN, 0},
                          pollfd{stop_was_sent ? -1 : stop_descriptor(), POLLIN, 0}};
    const int ready = ::poll(sources.data(), sources.size(), time_until(deadline));
    if (ready == 0) return false;
    if (ready < 0 && errno == EINTR) continue;
    if (ready > 0 && sources[1].revents != 0) {
      stop_was_sent = true;
      child.signal(SIGTERM);
    }
    if (ready < 0 || sources[0].revents != 0) return true;
  }
}

// Reads up to `limit` + 1 bytes, so that the caller can see whether there were more.
// Nullopt at the deadline.
std::optional<std::string> read_all(int fd, const Child& child, std::size_t limit,
                                    bool& stop_was_sent, const Deadline& deadline) {
  std::array<char, 4096> buffer{};
  // The output may be a password: it is kept in one place only. A text that grows leaves copies.
  const Finally wiped([&] { ::explicit_bzero(buffer.data(), buffer.size()); });
  constexpr std::size_t kMaxReserved = std::size_t{128} << 10;
  std::string text;
  text.reserve(std::min(limit, kMaxReserved) + 2 * buffer.size());
  while (text.size() <= limit) {
    if (!wait_until_readable(fd, child, stop_was_sent, deadline)) {
      ::explicit_bzero(text.data(), text.size());
      return std::nullopt;
    }
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

// Returns false at the deadline.
bool wait_until_it_ends(const Child& child, bool& stop_was_sent, const Deadline& deadline) {
  if (!deadline) return true;
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, child.pid(), 0)));
  return wait_until_readable(process.get(), child, stop_was_sent, deadline);
}

ProgramOutput run(const std::vector<std::string>& command, std::size_t limit, Stderr errors,
                  std::optional<std::chrono::seconds> timeout) {
  if (command.empty()) fail(ErrorCode::kConfig, "run command: it is empty");
  Deadline deadline;
  if (timeout) deadline = std::chrono::steady_clock::now() + *timeout;
  Pipe pipe = make_pipe();
  Child child = start(command, pipe.write_end.get(), errors, timeout.has_value());
  pipe.write_end = Fd();
  bool stop_was_sent = false;
  std::optional<std::string> text =
      read_all(pipe.read_end.get(), child, limit, stop_was_sent, deadline);
  pipe.read_end = Fd();
  if (!text || !wait_until_it_ends(child, stop_was_sent, deadline)) {
    child.signal_group(SIGKILL);
    child.wait();
    fail(ErrorCode::kConfig,
         "run command {}: it did not end within {} s: try it by hand as this user", command.front(),
         timeout.value_or(std::chrono::seconds(0)).count());
  }
  const int status = child.wait();
  if (text->size() > limit) {
    fail(ErrorCode::kConfig, "run command {}: it printed more than {} bytes", command.front(),
         limit);
  }
  return {status, *std::move(text)};
}

}  // namespace

ProgramOutput run_for_output(const std::vector<std::string>& command, std::size_t limit,
                             Stderr errors) {
  return run(command, limit, errors, std::nullopt);
}

std::string output_of(const std::vector<std::string>& command, std::size_t limit,
                      std::optional<std::chrono::seconds> timeout) {
  ProgramOutput output = run(command, limit, Stderr::kInherited, timeout);
  if (output.status != 0) {
    fail(ErrorCode::kConfig, "run command {}: it failed: try it by hand as this user",
         command.front());
  }
  return std::move(output.out);
}

std::string sibling_program(const std::string& name) {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = own.parent_path() / name;
  return !error && std::filesystem::exists(beside, error) ? beside.string() : name;
}

int status_of(const std::vector<std::string>& command) {
  const Fd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (nowhere.get() < 0) fail_with_errno(errno, "open /dev/null");
  return start(command, nowhere.get(), Stderr::kInherited).wait();
}

}  // namespace base
