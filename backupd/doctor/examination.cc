#include "backupd/doctor/examination.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/handle.h"
#include "base/json_text.h"
#include "base/terminal.h"

namespace backupd {

namespace {

using nlohmann::ordered_json;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxAtATime = 8;
constexpr std::size_t kMaxAnswerBytes = std::size_t{16} * 1024 * 1024;

std::vector<Finding> run_safely(const DoctorCheck& check) {
  try {
    return check.run();
  } catch (const base::Error& error) {
    return {failure(check.name, check.subject, error.what(), "", base::exit_status(error.code()))};
  } catch (const std::exception& error) {
    return {failure(check.name, check.subject, base::escape_for_terminal(error.what()),
                    "this is a defect in mailstow: please report it")};
  }
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

// A running check.
class Examiner {
 public:
  Examiner(const DoctorCheck& check, std::size_t place, Steady::time_point deadline)
      : check_(check), place_(place), deadline_(deadline) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) base::fail_with_errno(errno, "create a pipe");
    answer_ = base::Fd(ends[0]);
    const base::Fd write_end(ends[1]);
    pid_ = ::fork();
    if (pid_ < 0) base::fail_with_errno(errno, "start a check");
    if (pid_ == 0) work(write_end.get());
    ::setpgid(pid_, pid_);  // both processes do it, since either may run first
  }
  Examiner(const Examiner&) = delete;
  Examiner& operator=(const Examiner&) = delete;

  // Kills the check and the programs that it started.
  ~Examiner() {
    ::kill(-pid_, SIGKILL);
    wait();
  }

  std::size_t place() const { return place_; }
  int fd() const { return answer_.get(); }
  Steady::time_point deadline() const { return deadline_; }

  // Reads what is available; returns false at the end.
  bool read() {
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(answer_.get(), buffer.data(), buffer.size());
    if (count < 0) return errno == EINTR;
    text_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0 && text_.size() <= kMaxAnswerBytes;
  }

  std::vector<Finding> findings() {
    answer_ = base::Fd();  // a check that writes too much gets SIGPIPE
    const int status = wait();
    const auto document = base::parse_json(text_);
    if (document.is_array()) {
      std::vector<Finding> findings;
      for (const ordered_json& finding : document) findings.push_back(finding.get<Finding>());
      return findings;
    }
    return {failure(check_.name, check_.subject,
                    WIFSIGNALED(status)
                        ? fmt::format("the check was ended by signal {}", WTERMSIG(status))
                        : std::string("the check exited without a result"),
                    "this is a defect in mailstow, or the machine is short of memory")};
  }

  std::vector<Finding> given_up(std::chrono::milliseconds patience) const {
    return {failure(
        check_.name, check_.subject,
        fmt::format("no answer within {} s",
                    std::chrono::ceil<std::chrono::seconds>(patience).count()),
        "see whether what it depends on (a name server, a server, a disk, a command) hangs")};
  }

 private:
  [[noreturn]] void work(int fd) const {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const ordered_json document = run_safely(check_);
    write_all(fd, base::json_line(document));
    ::_exit(0);
  }

  int wait() {
    if (status_) return *status_;
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = status;
    return status;
  }

  const DoctorCheck& check_;
  std::size_t place_;
  Steady::time_point deadline_;
  base::Fd answer_;
  pid_t pid_ = -1;
  std::optional<int> status_;
  std::string text_;
};

void wait_for_answers(const std::vector<std::unique_ptr<Examiner>>& running,
                      std::vector<pollfd>& answers) {
  answers.clear();
  Steady::time_point first = Steady::time_point::max();
  for (const auto& examiner : running) {
    answers.push_back({examiner->fd(), POLLIN, 0});
    first = std::min(first, examiner->deadline());
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - Steady::now());
  ::poll(answers.data(), answers.size(), static_cast<int>(std::max<long>(left.count(), 0)));
}

}  // namespace

std::vector<Finding> examine(const std::vector<DoctorCheck>& checks,
                             std::chrono::milliseconds patience) {
  std::vector<std::vector<Finding>> by_check(checks.size());
  std::vector<std::unique_ptr<Examiner>> running;
  std::vector<pollfd> answers;
  std::size_t next = 0;
  while (next < checks.size() || !running.empty()) {
    for (; next < checks.size() && running.size() < kMaxAtATime; ++next) {
      running.push_back(std::make_unique<Examiner>(checks[next], next, Steady::now() + patience));
    }
    wait_for_answers(running, answers);
    for (std::size_t at = running.size(); at-- > 0;) {
      Examiner& examiner = *running[at];
      if (answers[at].revents != 0) {
        if (examiner.read()) continue;
        by_check[examiner.place()] = examiner.findings();
      } else if (Steady::now() >= examiner.deadline()) {
        by_check[examiner.place()] = examiner.given_up(patience);
      } else {
        continue;
      }
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  std::vector<Finding> findings;
  for (std::vector<Finding>& of_check : by_check) {
    std::ranges::move(of_check, std::back_inserter(findings));
  }
  return findings;
}

}  // namespace backupd
