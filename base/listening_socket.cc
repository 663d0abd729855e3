#include "base/listening_socket.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/terminal.h"

namespace base {

namespace {

constexpr int kFirstHandedOver = 3;  // sd_listen_fds(3)
constexpr int kMaxHandedOver = 16;
constexpr int kBacklog = 128;

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

int number_in(const char* name) {
  const std::string_view text = variable(name);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

}  // namespace

std::vector<HandedSocket> handed_over_sockets() {
  std::vector<HandedSocket> sockets;
  if (number_in("LISTEN_PID") != ::getpid()) return sockets;
  const int count = number_in("LISTEN_FDS");
  if (count > kMaxHandedOver) {
    fail(ErrorCode::kConfig, "systemd hands over {} sockets: {} at most", count, kMaxHandedOver);
  }
  std::string_view names = variable("LISTEN_FDNAMES");
  for (int at = 0; at < count; ++at) {
    const std::string_view name = names.substr(0, names.find(':'));
    Fd socket(kFirstHandedOver + at);
    ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
    sockets.push_back({std::string(name), std::move(socket)});
    names.remove_prefix(std::min(names.size(), name.size() + 1));
  }
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  return sockets;
}

Fd listen_on_path(const Path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  const std::string shown = escape_for_terminal(text);
  if (text.size() >= sizeof address.sun_path) {
    fail(ErrorCode::kConfig, "listen at {}: a socket path has at most {} bytes", shown,
         sizeof address.sun_path - 1);
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) fail_with_errno(errno, "create a socket");
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
  const mode_t mask = ::umask(0177);
  const int bound =
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(mask);
  if (bound != 0) fail_with_errno(error, fmt::format("listen at {}", shown));
  if (::listen(socket.get(), kBacklog) != 0) {
    fail_with_errno(errno, fmt::format("listen at {}", shown));
  }
  return socket;
}

Fd listen_on(const std::string& host, std::uint16_t port) {
  sockaddr_in four{};
  sockaddr_in6 six{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  const bool is_four = ::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1;
  const bool is_six = !is_four && ::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1;
  const int on = 1;
  Fd socket(::socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* const address =
      is_six ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
  const auto size = static_cast<socklen_t>(is_six ? sizeof six : sizeof four);
  const bool is_listening =
      (is_four || is_six) && socket &&
      ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      ::bind(socket.get(), address, size) == 0 && ::listen(socket.get(), kBacklog) == 0;
  if (!is_listening) {
    fail(ErrorCode::kConfig, "listen at {} port {}: {}", escape_for_terminal(host), port,
         std::generic_category().message(errno));
  }
  return socket;
}

}  // namespace base
