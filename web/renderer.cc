#include "web/renderer.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "web/problem.h"

namespace web {

namespace {

using Steady = std::chrono::steady_clock;

// A name and a type. Of a longer head, the time for its members would grow by their square.
constexpr std::size_t kMaxHead = std::size_t{16} << 10U;  // bytes

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
  // Not the stderr of this program, which may be a socket of the journal.
  const base::Fd errors(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (!errors) base::fail_with_errno(errno, "open /dev/null");
  // The locale of the environment would decide how it reads names.
  return base::Child(command, {.descriptors = {{message.get(), STDIN_FILENO},
                                               {output.get(), STDOUT_FILENO},
                                               {errors.get(), STDERR_FILENO}},
                               .environment = std::vector<std::string>{"LC_ALL=C.UTF-8"},
                               .has_signals_unblocked = true});
}

[[noreturn]] void refuse_slow() {
  base::log_warning("render: it took too long");
  throw Problem(ProblemKind::kUnshowable);
}

}  // namespace

// The writing end is closed here once the child has it, so that the end of its output is seen.
Rendering::Rendering(const std::string& program, const base::Fd& message,
                     const std::vector<std::string>& words,
                     std::chrono::steady_clock::time_point deadline)
    : deadline_(deadline),
      child_([&] {
        Pipe pipe = open_pipe();
        output_ = std::move(pipe.read);
        return start_renderer(program, message, words, pipe.write);
      }()),
      frames_([this] { return read_output(); }, kMaxHead) {}

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
  for (int ready = 0; ready <= 0;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Steady::now());
    if (left.count() <= 0) refuse_slow();
    ready = ::poll(&entry, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) throw Problem(ProblemKind::kUnshowable);
  }
  std::string bytes(std::size_t{64} << 10U, '\0');
  const ssize_t got = ::read(output_.get(), bytes.data(), bytes.size());
  if (got < 0) throw Problem(ProblemKind::kUnshowable);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

void Rendering::expect_success() {
  std::optional<int> status;
  while (!(status = child_.try_wait())) {
    if (Steady::now() > deadline_) refuse_slow();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (*status == 0) return;
  base::log_warning("render: it ended with status {}", *status);
  throw Problem(ProblemKind::kUnshowable);
}

Renderer::Rendered Renderer::run(const base::Fd& message, const RenderOrder& order) const {
  const auto place = places_.take(1, order.sharer, patience_.queue);
  if (!place) {
    throw Problem(ProblemKind::kBusy, "too much is going on: try again in a moment",
                  std::chrono::seconds(10));
  }
  Rendering rendering(program_, message, order.words, Steady::now() + patience_.run);
  Rendered rendered;
  const auto head = rendering.frames().next();
  if (!head) {
    rendering.expect_success();
    throw Problem(ProblemKind::kUnshowable);
  }
  const std::uint64_t size = rendering.frames().left();
  if (size > order.most) throw Problem(ProblemKind::kUnshowable);
  if (order.take_memory) rendered.memory = order.take_memory(size);
  rendered.head = base::json_line(*head);
  rendered.bytes.reserve(static_cast<std::size_t>(size));
  while (rendering.frames().left() > 0) rendered.bytes += rendering.frames().read();
  rendering.expect_success();
  return rendered;
}

}  // namespace web
