#include "restore/progress_events.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json_text.h"
#include "base/sigpipe.h"

namespace restore {

namespace {

constexpr std::chrono::milliseconds kBetweenEvents{250};
constexpr int kMaxWaitForLast = 1'000;  // ms

[[noreturn]] void refuse_descriptor(std::uint32_t descriptor, const char* why) {
  base::fail(base::ErrorCode::kUsage, "--progress-fd {}: {}", descriptor, why);
}

int inherited(std::uint32_t descriptor) {
  if (descriptor > INT_MAX) refuse_descriptor(descriptor, "not a descriptor");
  const int fd = static_cast<int>(descriptor);
  if (fd <= STDERR_FILENO) {
    refuse_descriptor(descriptor, "stdin, stdout and stderr have other uses: give 3 or more");
  }
  // Files that this process opened are closed on exec.
  const int own = ::fcntl(fd, F_GETFD);
  if (own < 0 || (own & FD_CLOEXEC) != 0) refuse_descriptor(descriptor, "it is not open");
  struct stat status {};
  if (::fstat(fd, &status) != 0 || (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode))) {
    refuse_descriptor(descriptor, "neither a pipe nor a socket");
  }
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
    refuse_descriptor(descriptor, "it can't be written to");
  }
  if (::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    refuse_descriptor(descriptor, "its flags can't be set");
  }
  return fd;
}

}  // namespace

ProgressEvents::ProgressEvents(const base::Clock& clock, std::optional<std::uint32_t> descriptor)
    : clock_(clock) {
  if (descriptor) descriptor_ = inherited(*descriptor);
}

ProgressEvents::~ProgressEvents() {
  if (!is_finished_) send("failed", nullptr, std::nullopt);
}

void ProgressEvents::plan(Total total) {
  const std::lock_guard lock(mutex_);
  total_ = std::move(total);
  send("planned", nullptr, std::nullopt);
}

void ProgressEvents::advance(const std::string& folder, std::uint64_t messages,
                             std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  now_.messages += messages;
  now_.bytes += bytes;
  send_if_due("messages", folder);
}

void ProgressEvents::finish_folder(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  ++now_.folders;
  send_if_due("folder", folder);
}

void ProgressEvents::begin_again() {
  const std::lock_guard lock(mutex_);
  now_ = {};
  send("waiting", nullptr, std::nullopt);
}

void ProgressEvents::finish(int exit_status) {
  const std::lock_guard lock(mutex_);
  is_finished_ = true;
  send("done", nullptr, exit_status);
}

void ProgressEvents::send_if_due(std::string_view event, const std::string& folder) {
  if (descriptor_ < 0) return;
  const auto now = clock_.steady_now();
  if (last_ && now - *last_ < kBetweenEvents) return;
  last_ = now;
  send(event, &folder, std::nullopt);
}

void ProgressEvents::send(std::string_view event, const std::string* folder,
                          std::optional<int> exit_status) {
  if (descriptor_ < 0) return;
  write_pending();
  const bool is_last = event == "done" || event == "failed";
  if (!pending_.empty() && !is_last) return;
  shown_.folders = std::max(shown_.folders, now_.folders);
  shown_.messages = std::max(shown_.messages, now_.messages);
  shown_.bytes = std::max(shown_.bytes, now_.bytes);
  nlohmann::ordered_json line = {{"event", event},
                                 {"folders", shown_.folders},
                                 {"folders_total", total_.folders},
                                 {"messages", shown_.messages},
                                 {"messages_total", total_.messages},
                                 {"bytes", shown_.bytes},
                                 {"bytes_total", total_.bytes}};
  if (!total_.tree.empty()) line["tree"] = total_.tree;
  if (folder != nullptr) line["folder"] = *folder;
  if (exit_status) line["exit_status"] = *exit_status;
  pending_ += base::json_line(line) + "\n";
  write_pending();
  if (!is_last || pending_.empty() || descriptor_ < 0) return;
  pollfd writable{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  if (::poll(&writable, 1, kMaxWaitForLast) > 0) write_pending();
}

void ProgressEvents::write_pending() {
  const base::NoSigpipe no_sigpipe;
  while (descriptor_ >= 0 && !pending_.empty()) {
    const ssize_t written = ::write(descriptor_, pending_.data(), pending_.size());
    if (written >= 0) {
      pending_.erase(0, static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      if (errno != EAGAIN) descriptor_ = -1;  // the reader is gone
      return;
    }
  }
}

}  // namespace restore
