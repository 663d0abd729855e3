#include "restore/desk/listeners.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/terminal.h"

namespace desk {

namespace {

constexpr int kFirstHandedOver = 3;  // sd_listen_fds(3)
constexpr int kMaxHandedOver = 3;
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

Door door_named(std::string_view name) {
  if (name == "self") return Door::kSelf;
  if (name == "proxy") return Door::kProxy;
  if (name == "staff") return Door::kStaff;
  base::fail(base::ErrorCode::kConfig,
             "desk: systemd hands over a socket named \"{}\": FileDescriptorName= must be self, "
             "proxy or staff",
             base::escape_for_terminal(name));
}

std::vector<Listener> handed_over() {
  std::vector<Listener> listeners;
  if (number_in("LISTEN_PID") != ::getpid()) return listeners;
  const int count = number_in("LISTEN_FDS");
  if (count > kMaxHandedOver) {
    base::fail(base::ErrorCode::kConfig, "desk: systemd hands over {} sockets: {} at most", count,
               kMaxHandedOver);
  }
  std::string_view names = variable("LISTEN_FDNAMES");
  for (int at = 0; at < count; ++at) {
    const std::string_view name = names.substr(0, names.find(':'));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    base::Fd socket(kFirstHandedOver + at);
    ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
    listeners.push_back({door_named(name), std::move(socket), {}});
  }
  // They are not for the programs that the desk starts.
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  return listeners;
}

Listener listen_at(const base::Path& path, Door door) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.size() >= sizeof address.sun_path) {
    base::fail(base::ErrorCode::kConfig, "desk: {}: a socket path has at most {} bytes", text,
               sizeof address.sun_path - 1);
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  base::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) base::fail_with_errno(errno, "create a socket");
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
  const mode_t mask = ::umask(0177);
  const int bound =
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(mask);
  if (bound != 0) base::fail_with_errno(error, fmt::format("listen at {}", text));
  if (::listen(socket.get(), kBacklog) != 0) {
    base::fail_with_errno(errno, fmt::format("listen at {}", text));
  }
  return {door, std::move(socket), path};
}

}  // namespace

std::vector<Listener> open_listeners(const base::WebConfig& web) {
  std::vector<Listener> listeners = handed_over();
  const std::array<std::pair<Door, base::Path>, 3> configured = {
      {{Door::kSelf, web.self.socket.path},
       {Door::kProxy, web.self.proxy_socket.path},
       {Door::kStaff, web.staff.socket.path}}};
  for (const auto& [door, path] : configured) {
    if (!path.empty()) listeners.push_back(listen_at(path, door));
  }
  if (listeners.empty()) {
    base::fail(base::ErrorCode::kConfig,
               "desk: there is no socket: enable mailstow-desk.socket, or set web.self.socket");
  }
  return listeners;
}

base::Fd accept_from(const Listener& listener) {
  return base::Fd(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

}  // namespace desk
