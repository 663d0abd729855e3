#include "restore/desk/children.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/finally.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/memory_file.h"
#include "base/process.h"
#include "base/secret.h"

namespace desk {

namespace {

// Descriptors of a child. Those of the desk are moved above them first, so that none is replaced
// before it has been passed on.
constexpr int kOnBehalfDescriptor = 3;
constexpr int kProgressDescriptor = 4;
constexpr int kLockDescriptor = 5;
constexpr int kFirstFree = 10;

base::Fd above_all(const base::Fd& fd) {
  base::Fd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstFree));
  if (!moved) base::fail_with_errno(errno, "pass a descriptor on");
  return moved;
}

struct Pipe {
  base::Fd read_end;
  base::Fd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) base::fail_with_errno(errno, "create a pipe");
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

// A command that is about to be started.
class Launch {
 public:
  Launch(const base::Path& config_file, const nlohmann::ordered_json& request,
         const base::OnBehalf& on_behalf) {
    std::string text = base::json_line(request);  // it may hold a password
    const base::Finally wipe([&] { base::wipe(text); });
    pass(base::memory_file("the request", base::as_bytes(text)), STDIN_FILENO);
    const std::string person = base::json_line(
        {{"person", on_behalf.person}, {"role", on_behalf.role}, {"client", on_behalf.client}});
    pass(base::memory_file("the person", base::as_bytes(person)), kOnBehalfDescriptor);
    command_ = {base::sibling_program("mailstow-restore"), "--config", config_file.string()};
    command_.push_back(base::is_logged(base::LogLevel::kDebug) ? "-v" : "-q");
    command_.insert(command_.end(),
                    {"--on-behalf-of-fd", std::to_string(kOnBehalfDescriptor), "answer", "--json"});
  }

  void pass(const base::Fd& fd, int number) {
    kept_.push_back(above_all(fd));
    options_.descriptors.emplace_back(kept_.back().get(), number);
  }

  // The child has them: the end of a pipe must not stay open here.
  void forget() { kept_.clear(); }

  base::Child start() {
    options_.has_own_group = true;
    options_.has_signals_unblocked = true;
    return base::Child(command_, options_);
  }

 private:
  std::vector<std::string> command_;
  std::vector<base::Fd> kept_;
  base::ChildOptions options_;
};

// Ends the command, and what it started, if the desk gives up.
class Guard {
 public:
  explicit Guard(base::Child& child) : child_(child) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() {
    if (child_.try_wait()) return;
    child_.signal_group(SIGKILL);
    child_.wait();
  }

 private:
  base::Child& child_;
};

}  // namespace

// One of the places for commands.
class Children::Place {
 public:
  Place(Children& children, std::string account)
      : children_(children), account_(std::move(account)) {
    std::unique_lock lock(children_.mutex_);
    const bool has_room = children_.has_room_.wait_for(lock, kWaitForTurn, [&] {
      const auto own = children_.of_account_.find(account_);
      return children_.running_ < kMaxAtATime &&
             (own == children_.of_account_.end() || own->second < kMaxOfAccount);
    });
    if (!has_room) {
      base::fail(base::ErrorCode::kBusy, "{} commands run already: try again later", kMaxAtATime);
    }
    ++children_.running_;
    ++children_.of_account_[account_];
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    {
      const std::scoped_lock lock(children_.mutex_);
      --children_.running_;
      if (--children_.of_account_[account_] == 0) children_.of_account_.erase(account_);
    }
    children_.has_room_.notify_all();
  }

 private:
  Children& children_;
  std::string account_;
};

ChildAnswer Children::call(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                           std::chrono::seconds patience) {
  const Place place(*this, request.value("account", ""));
  return call_beside(request, on_behalf, patience);
}

int Children::stream(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                     std::chrono::seconds patience,
                     const std::function<void(std::string_view)>& take) {
  const Place place(*this, request.value("account", ""));
  return run(request, on_behalf, patience, take);
}

ChildAnswer Children::call_beside(const nlohmann::ordered_json& request,
                                  const base::OnBehalf& on_behalf, std::chrono::seconds patience) {
  ChildAnswer answer;
  answer.exit_status = run(request, on_behalf, patience, [&](std::string_view piece) {
    if (answer.document.size() + piece.size() > kMaxDocument) {
      base::fail(base::ErrorCode::kIo, "{}: its answer is longer than {} bytes",
                 request.value("command", ""), kMaxDocument);
    }
    answer.document += piece;
  });
  return answer;
}

int Children::run(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                  std::chrono::seconds patience,
                  const std::function<void(std::string_view)>& take) {
  Pipe pipe = make_pipe();
  Launch launch(config_file_, request, on_behalf);
  launch.pass(pipe.write_end, STDOUT_FILENO);
  base::Child child = launch.start();
  const Guard guard(child);
  launch.forget();
  pipe.write_end = base::Fd();
  const auto end = std::chrono::steady_clock::now() + patience;
  std::vector<char> buffer(std::size_t{64} << 10U);
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd readable{pipe.read_end.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) == 0) {
      base::fail(base::ErrorCode::kIo, "{}: it takes longer than {} s",
                 request.value("command", ""), patience.count());
    }
    const ssize_t got = ::read(pipe.read_end.get(), buffer.data(), buffer.size());
    if (got == 0) break;
    if (got > 0) take({buffer.data(), static_cast<std::size_t>(got)});
    if (got < 0 && errno != EINTR) base::fail_with_errno(errno, "read from a command");
  }
  return child.wait();
}

base::Child Children::start_run(const nlohmann::ordered_json& request,
                                const base::OnBehalf& on_behalf, const base::Fd& report,
                                const base::Fd& progress, const base::Fd& lock) {
  Launch launch(config_file_, request, on_behalf);
  launch.pass(report, STDOUT_FILENO);
  launch.pass(progress, kProgressDescriptor);
  launch.pass(lock, kLockDescriptor);
  return launch.start();
}

}  // namespace desk
