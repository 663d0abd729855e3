#include "backupd/daemon/progress_report.h"

#include <array>
#include <cerrno>
#include <exception>
#include <string>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "backupd/daemon/job_process.h"
#include "base/error.h"
#include "base/json_text.h"

namespace backupd {

namespace {

constexpr std::chrono::milliseconds kInterval{500};
constexpr std::size_t kMaxReportText = 16U << 10U;
// Above the descriptors at which the job inherits its own.
constexpr int kHigherDescriptor = 10;

}  // namespace

ProgressListener::ProgressListener() {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()) != 0) {
    base::fail_with_errno(errno, "create a socket pair");
  }
  ours_ = base::Fd(pair[0]);
  const base::Fd other(pair[1]);
  job_end_ = base::Fd(::fcntl(other.get(), F_DUPFD_CLOEXEC, kHigherDescriptor));
  if (!job_end_) base::fail_with_errno(errno, "create a socket pair");
}

void ProgressListener::listen(std::chrono::steady_clock::time_point now) {
  std::array<char, kMaxReportText> buffer{};
  ssize_t count = 0;
  while ((count = ::recv(ours_.get(), buffer.data(), buffer.size(), 0)) > 0) {
    const auto report = progress_in({buffer.data(), static_cast<std::size_t>(count)});
    if (!report) continue;
    last_ = report;
    last_came_ = now;
  }
  if (count == 0) ours_ = base::Fd();  // the job has ended: do not poll this any longer
}

nlohmann::ordered_json ProgressListener::describe(std::chrono::steady_clock::time_point now) const {
  // While the job waits for a server no reports arrive; the growing time lowers the rate.
  return last_ ? to_json({last_->progress, last_->elapsed + (now - last_came_)})
               : nlohmann::ordered_json();
}

ProgressReporter::ProgressReporter(const base::Environment& environment) {
  if (!JobProcess::is_this(environment)) return;
  // The descriptor may be something else if a user typed the path of the configuration by hand: do
  // not write into that.
  int type = 0;
  socklen_t size = sizeof type;
  const int socket = JobProcess::kProgressDescriptor;
  const bool has_listener = ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
                            type == SOCK_SEQPACKET && ::fcntl(socket, F_SETFD, FD_CLOEXEC) == 0;
  if (has_listener) thread_ = std::jthread([this](const std::stop_token& end) { send_until(end); });
}

void ProgressReporter::report(const PassProgress& progress,
                              std::chrono::steady_clock::duration elapsed) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    pending_ = {progress, elapsed};
  }
  has_pending_.notify_one();
}

void ProgressReporter::send_until(const std::stop_token& end) {
  std::unique_lock lock(mutex_);
  while (has_pending_.wait(lock, end, [&] { return pending_.has_value(); })) {
    try {
      const std::string text = base::json_line(to_json(*pending_));
      // A report that does not fit into the buffer is lost; another follows.
      static_cast<void>(::send(JobProcess::kProgressDescriptor, text.data(), text.size(),
                               MSG_NOSIGNAL | MSG_DONTWAIT));
    } catch (const std::exception&) {  // memory ran out: the backup matters more
    }
    pending_.reset();
    has_pending_.wait_for(lock, end, kInterval, [] { return false; });
  }
}

}  // namespace backupd
