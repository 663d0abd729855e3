#include "restore/desk/children.h"

#include <algorithm>
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
#include "base/wiping_heap.h"
#include "restore/desk/passed_files.h"

namespace desk {

namespace {

// Descriptors of a child, beside kOnBehalfDescriptor.
constexpr int kProgressDescriptor = 4;
constexpr int kLockDescriptor = 5;

struct Pipe {
  base::Fd read_end;
  base::Fd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) base::fail_with_errno(errno, "create a pipe");
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

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

// To the end of the output; false if that takes too long.
bool pass_on(const base::Fd& output, std::chrono::seconds patience,
             const std::function<void(std::string_view)>& take) {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::vector<char> buffer(std::size_t{64} << 10U);
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd readable{output.get(), POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(left.count())) == 0) return false;
    const ssize_t got = ::read(output.get(), buffer.data(), buffer.size());
    if (got == 0) return true;
    if (got > 0) take({buffer.data(), static_cast<std::size_t>(got)});
    if (got < 0 && errno != EINTR) base::fail_with_errno(errno, "read from a command");
  }
}

// Whether it ended by a fault. `status` is as Child::wait() returns it.
bool has_crashed(int status) {
  constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE, SIGTRAP, SIGSYS};
  return std::ranges::find(kCrashes, status - 128) != kCrashes.end();
}

[[noreturn]] void fail_busy(std::size_t most) {
  base::fail(base::ErrorCode::kBusy, "{} commands of this kind run already: try again later", most);
}

[[noreturn]] void fail_stopping() {
  base::fail(base::ErrorCode::kBusy, "the desk is being stopped: try again later");
}

}  // namespace

// A command that is about to be started.
class Children::Launch {
 public:
  Launch(const base::Path& config_file, const nlohmann::ordered_json& request,
         const base::OnBehalf& on_behalf) {
    std::string text = base::json_line(request);  // it may hold a password
    const base::Finally wipe([&] {
      base::wipe(text);
      base::wipe_returned_frames();  // JSON is written by way of a buffer on the stack
    });
    pass(base::memory_file("the request", base::as_bytes(text)), STDIN_FILENO);
    name_ = request.value("command", "");
    pass_person(on_behalf);
    set_command("mailstow-restore", config_file, answer_words());
    can_be_forked_ = true;
  }

  Launch(const base::Path& config_file, const std::vector<std::string>& words,
         const base::OnBehalf& on_behalf) {
    pass(base::memory_file("no request", {}), STDIN_FILENO);
    name_ = words.front();
    pass_person(on_behalf);
    std::vector<std::string> all = {"--on-behalf-of-fd", std::to_string(kOnBehalfDescriptor)};
    all.insert(all.end(), words.begin(), words.end());
    set_command("mailstow-backupd", config_file, all);
  }

  void pass(const base::Fd& fd, int number) {
    kept_.push_back(above_passed_files(fd));
    options_.descriptors.emplace_back(kept_.back().get(), number);
  }

  const std::string& name() const { return name_; }  // of the command, for messages

  // The child has them: the end of a pipe must not stay open here.
  void forget() { kept_.clear(); }

  // By the fork server, if there is one.
  base::Child start(ForkServer& server) {
    if (can_be_forked_) {
      const auto child = server.start({.input = passed_as(STDIN_FILENO),
                                       .output = passed_as(STDOUT_FILENO),
                                       .on_behalf = passed_as(kOnBehalfDescriptor)});
      if (child) return *child;
    }
    return start();
  }

  base::Child start() {
    options_.has_own_group = true;
    options_.has_signals_unblocked = true;
    return base::Child(command_, options_);
  }

 private:
  void pass_person(const base::OnBehalf& on_behalf) {
    const std::string person = base::json_line(
        {{"person", on_behalf.person}, {"role", on_behalf.role}, {"client", on_behalf.client}});
    pass(base::memory_file("the person", base::as_bytes(person)), kOnBehalfDescriptor);
  }

  void set_command(const char* program, const base::Path& config_file,
                   const std::vector<std::string>& words) {
    command_ = child_words(config_file, words);
    command_.insert(command_.begin(), base::sibling_program(program));
  }

  int passed_as(int number) const {
    return std::ranges::find(options_.descriptors, number, &std::pair<int, int>::second)->first;
  }

  std::string name_;
  std::vector<std::string> command_;
  std::vector<base::Fd> kept_;
  base::ChildOptions options_;
  bool can_be_forked_ = false;
};

// A child that stop() ends, until this is destroyed: before the child is waited for, because
// another process may have its number then.
class Children::Stoppable {
 public:
  Stoppable(Children& children, const base::Child& child, int signal)
      : children_(children), group_(child.pid()), signal_(signal) {
    if (signal == 0) return;
    const std::scoped_lock lock(children_.mutex_);
    children_.stoppable_[group_] = signal;
    if (children_.is_stopping_) child.signal_group(signal);
  }
  Stoppable(const Stoppable&) = delete;
  Stoppable& operator=(const Stoppable&) = delete;
  ~Stoppable() {
    if (signal_ == 0) return;
    const std::scoped_lock lock(children_.mutex_);
    children_.stoppable_.erase(group_);
  }

 private:
  Children& children_;
  pid_t group_;
  int signal_;
};

void Children::stop() {
  for (Places* const places : {&look_ups_, &messages_, &exports_}) places->close();
  const std::scoped_lock lock(mutex_);
  is_stopping_ = true;
  for (const auto& [group, signal] : stoppable_) ::kill(-group, signal);
}

bool Children::is_stopping() {
  const std::scoped_lock lock(mutex_);
  return is_stopping_;
}

ChildAnswer Children::call(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                           std::chrono::seconds patience) {
  const auto place = look_ups_.take(request.value("account", ""), kWaitForTurn);
  if (!place) fail_busy(kMaxLookUps);
  Launch launch(config_file_, request, on_behalf);
  return collect(launch, patience, SIGTERM);
}

int Children::stream(StreamKind kind, const nlohmann::ordered_json& request,
                     const base::OnBehalf& on_behalf, std::chrono::seconds patience,
                     const std::function<void(std::string_view)>& take) {
  const bool is_export = kind == StreamKind::kExport;
  Places& places = is_export ? exports_ : messages_;
  const auto place = places.take(request.value("account", ""), kWaitForTurn);
  if (!place) fail_busy(is_export ? kMaxExports : kMaxMessages);
  Launch launch(config_file_, request, on_behalf);
  return run(launch, patience, SIGKILL, take);
}

ChildAnswer Children::log_in(const nlohmann::ordered_json& request, const base::OnBehalf& on_behalf,
                             std::chrono::seconds patience) {
  Launch launch(config_file_, request, on_behalf);
  return collect(launch, patience, SIGTERM);
}

ChildAnswer Children::call_beside(const nlohmann::ordered_json& request,
                                  const base::OnBehalf& on_behalf, std::chrono::seconds patience) {
  Launch launch(config_file_, request, on_behalf);
  return collect(launch, patience, 0);
}

ChildAnswer Children::call_backupd(const std::vector<std::string>& words,
                                   const base::OnBehalf& on_behalf, std::chrono::seconds patience) {
  const auto place = look_ups_.take("", kWaitForTurn);
  if (!place) fail_busy(kMaxLookUps);
  Launch launch(config_file_, words, on_behalf);
  return collect(launch, patience, SIGTERM);
}

ChildAnswer Children::collect(Launch& launch, std::chrono::seconds patience, int stop_signal) {
  ChildAnswer answer;
  answer.exit_status = run(launch, patience, stop_signal, [&](std::string_view piece) {
    if (answer.document.size() + piece.size() > kMaxDocument) {
      base::fail(base::ErrorCode::kIo, "{}: its answer is longer than {} bytes", launch.name(),
                 kMaxDocument);
    }
    answer.document += piece;
  });
  // The command was ended: its output is no answer.
  if (stop_signal != 0 && answer.exit_status != 0 && is_stopping()) fail_stopping();
  return answer;
}

int Children::run(Launch& launch, std::chrono::seconds patience, int stop_signal,
                  const std::function<void(std::string_view)>& take) {
  if (stop_signal != 0 && is_stopping()) fail_stopping();
  Pipe pipe = make_pipe();
  launch.pass(pipe.write_end, STDOUT_FILENO);
  base::Child child = launch.start(fork_server_);
  const Guard guard(child);
  launch.forget();
  pipe.write_end = base::Fd();
  {
    const Stoppable stoppable(*this, child, stop_signal);
    if (!pass_on(pipe.read_end, patience, take)) {
      base::fail(base::ErrorCode::kIo, "{}: it takes longer than {} s", launch.name(),
                 patience.count());
    }
  }
  const int status = child.wait();
  if (has_crashed(status)) fork_server_.replace();
  return status;
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
