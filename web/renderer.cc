#include "web/renderer.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/finally.h"
#include "base/json_text.h"
#include "base/log.h"
#include "web/problem.h"

namespace web {

namespace {

constexpr std::chrono::seconds kRenderPatience{20};  // for the next bytes
constexpr std::chrono::seconds kQueuePatience{15};

struct Pipe {
  base::Fd read;
  base::Fd write;
};

Pipe open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) base::fail_with_errno(errno, "open a pipe");
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

base::Child start_renderer(const std::string& program, const base::Fd& message,
                           const std::vector<std::string>& words, const base::Fd& output) {
  std::vector<std::string> command = {program, "render"};
  command.insert(command.end(), words.begin(), words.end());
  // The locale of the environment would decide how it reads names.
  return base::Child(command,
                     {.descriptors = {{message.get(), STDIN_FILENO}, {output.get(), STDOUT_FILENO}},
                      .environment = std::vector<std::string>{"LC_ALL=C.UTF-8"},
                      .has_signals_unblocked = true});
}

}  // namespace

// The writing end is closed here once the child has it, so that the end of its output is seen.
Rendering::Rendering(const std::string& program, const base::Fd& message,
                     const std::vector<std::string>& words)
    : child_([&] {
        Pipe pipe = open_pipe();
        output_ = std::move(pipe.read);
        return start_renderer(program, message, words, pipe.write);
      }()),
      frames_([this] { return read_output(); }) {}

Rendering::~Rendering() {
  child_.signal(SIGKILL);
  try {
    child_.wait();
  } catch (const base::Error& error) {
    base::log_error("render: {}", error.what());
  }
}

std::string Rendering::read_output() {
  pollfd entry{output_.get(), POLLIN, 0};
  const auto patience = std::chrono::milliseconds(kRenderPatience).count();
  int ready = 0;
  while ((ready = ::poll(&entry, 1, static_cast<int>(patience))) < 0 && errno == EINTR) {
  }
  if (ready <= 0) throw Problem(ProblemKind::kUnshowable);
  std::string bytes(std::size_t{64} << 10U, '\0');
  const ssize_t got = ::read(output_.get(), bytes.data(), bytes.size());
  if (got < 0) throw Problem(ProblemKind::kUnshowable);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

void Rendering::expect_success() {
  const int status = child_.wait();
  if (status == 0) return;
  base::log_warning("render: it ended with status {}", status);
  throw Problem(ProblemKind::kUnshowable);
}

Renderer::Rendered Renderer::run(const base::Fd& message, const std::vector<std::string>& words,
                                 std::uint64_t most) const {
  if (!free_.try_acquire_for(kQueuePatience)) {
    throw Problem(ProblemKind::kBusy, "too much is going on: try again in a moment",
                  std::chrono::seconds(10));
  }
  const base::Finally release([&] { free_.release(); });
  Rendering rendering(program_, message, words);
  Rendered rendered;
  const auto head = rendering.frames().next();
  if (!head) {
    rendering.expect_success();
    throw Problem(ProblemKind::kUnshowable);
  }
  if (rendering.frames().left() > most) throw Problem(ProblemKind::kUnshowable);
  rendered.head = base::json_line(*head);
  rendered.bytes.reserve(static_cast<std::size_t>(rendering.frames().left()));
  while (rendering.frames().left() > 0) rendered.bytes += rendering.frames().read();
  rendering.expect_success();
  return rendered;
}

}  // namespace web
