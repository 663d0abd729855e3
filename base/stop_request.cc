#include "base/stop_request.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <fmt/core.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"

namespace base {

namespace {

// Lock-free atomics, because a signal handler may use little else.
std::atomic<bool> requested = false;
std::atomic<int> wake_descriptor = -1;

void note_request(int /*number*/) {
  const int saved = errno;
  requested = true;
  const std::uint64_t one = 1;
  // If the counter is full, the descriptor is readable already.
  if (const int to = wake_descriptor; to >= 0) static_cast<void>(::write(to, &one, sizeof one) < 0);
  errno = saved;
}

void install_handler(int number, int flags) {
  struct sigaction action {};
  action.sa_handler = note_request;
  ::sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART | flags;
  ::sigaction(number, &action, nullptr);
}

}  // namespace

void stop_on_request(OnStop on_stop) {
  if (on_stop == OnStop::kThrow && wake_descriptor < 0) {
    wake_descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_descriptor < 0) fail_with_errno(errno, "wait for signals");
  }
  install_handler(SIGTERM, 0);
  install_handler(SIGINT, static_cast<int>(SA_RESETHAND));
}

bool is_stop_requested() noexcept {
  return requested;
}

void stop_if_requested(std::string_view work, std::string_view outcome) {
  if (requested) throw Stopped(fmt::format("{}: stopped: {}", work, outcome));
}

int stop_descriptor() noexcept {
  return wake_descriptor;
}

}  // namespace base
