#include "base/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <string.h>
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

Child start(const std::vector<std::string>& command, int output, Stderr errors) {
  ChildOptions options{.descriptors = {{output, STDOUT_FILENO}}};
  if (errors == Stderr::kCaptured) options.descriptors.emplace_back(output, STDERR_FILENO);
  return Child(command, options);
}

// Waits until the child has printed something. With OnStop::kThrow (base/stop_request.h) a stop
// request is passed on to the child, and the wait continues: what the child leaves behind is its
// own responsibility.
void wait_for_output(int fd, const Child& child, bool& stop_was_sent) {
  std::array sources = {pollfd{fd, POLLIN, 0},
                        pollfd{stop_was_sent ? -1 : stop_descriptor(), POLLIN, 0}};
  while (::poll(sources.data(), sources.size(), -1) < 0 && errno == EINTR) {
  }
  if (sources[1].revents == 0) return;
  stop_was_sent = true;
  child.signal(SIGTERM);
}

// Reads up to `limit` + 1 bytes, so that the caller can see whether there were more.
std::string read_all(int fd, const Child& child, std::size_t limit) {
  std::array<char, 4096> buffer{};
  // The output may be a password: it is kept in one place only. A text that grows leaves copies.
  const Finally wiped([&] { ::explicit_bzero(buffer.data(), buffer.size()); });
  constexpr std::size_t kMaxReserved = std::size_t{128} << 10;
  std::string text;
  text.reserve(std::min(limit, kMaxReserved) + 2 * buffer.size());
  bool stop_was_sent = false;
  while (text.size() <= limit) {
    wait_for_output(fd, child, stop_was_sent);
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

ProgramOutput run_for_output(const std::vector<std::string>& command, std::size_t limit,
                             Stderr errors) {
  if (command.empty()) fail(ErrorCode::kConfig, "run command: it is empty");
  Pipe pipe = make_pipe();
  Child child = start(command, pipe.write_end.get(), errors);
  pipe.write_end = Fd();
  std::string text = read_all(pipe.read_end.get(), child, limit);
  pipe.read_end = Fd();

  const int status = child.wait();
  if (text.size() > limit) {
    fail(ErrorCode::kConfig, "run command {}: it printed more than {} bytes", command.front(),
         limit);
  }
  return {status, std::move(text)};
}

std::string output_of(const std::vector<std::string>& command, std::size_t limit) {
  ProgramOutput output = run_for_output(command, limit);
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
