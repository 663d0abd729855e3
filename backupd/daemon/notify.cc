#include "backupd/daemon/notify.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/handle.h"

namespace backupd {

namespace {

std::optional<long long> number_in(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  long long number = 0;
  const auto [rest, error] = std::from_chars(text, text + std::strlen(text), number);
  return error == std::errc() && *rest == '\0' ? std::optional(number) : std::nullopt;
}

}  // namespace

void notify_service_manager(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return;
  std::copy_n(path, length, address.sun_path);
  if (path[0] == '@') address.sun_path[0] = '\0';  // an abstract address
  const base::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  static_cast<void>(::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                             reinterpret_cast<const sockaddr*>(&address), size));
}

std::optional<std::chrono::milliseconds> watchdog_interval() {
  const auto pid = number_in("WATCHDOG_PID");
  if (pid && *pid != ::getpid()) return std::nullopt;
  const auto microseconds = number_in("WATCHDOG_USEC");
  if (!microseconds || *microseconds <= 0) return std::nullopt;
  return std::chrono::milliseconds(*microseconds / 1000);
}

}  // namespace backupd
