#include "backupd/daemon/control_socket.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

namespace backupd {

namespace {

constexpr std::size_t kMaxRequest = 64U << 10U;
constexpr std::size_t kMaxAnswerLine = 1U << 20U;

sockaddr_un address_of(const base::Path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.size() >= sizeof address.sun_path) {
    base::fail(base::ErrorCode::kConfig,
               "control socket {}: a socket path has at most {} bytes: choose a shorter "
               "store.index",
               text, sizeof address.sun_path - 1);
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

base::Fd make_socket() {
  base::Fd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made) base::fail_with_errno(errno, "create a control socket");
  return made;
}

void set_patience(const base::Fd& socket, std::chrono::seconds patience) {
  const timeval time{.tv_sec = static_cast<time_t>(patience.count()), .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

// Returns a closed Fd if no daemon listens there.
base::Fd connect_to(const base::Path& path) {
  const sockaddr_un address = address_of(path);
  base::Fd socket = make_socket();
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return socket;
  }
  if (errno == ENOENT || errno == ECONNREFUSED) return base::Fd();
  base::fail_with_errno(errno, fmt::format("connect to the daemon at {}", path.string()));
}

std::string read_line(const base::Fd& caller) {
  std::string line;
  std::array<char, 4096> buffer{};
  while (line.size() < kMaxRequest && !line.ends_with('\n')) {
    const ssize_t count = ::recv(caller.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    line.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return line.substr(0, line.find('\n'));
}

}  // namespace

base::Path control_socket_path(const base::StoreConfig& store) {
  return store.index / "control";
}

ControlSocket::ControlSocket(const base::Path& path) : path_(path), listener_(make_socket()) {
  ::unlink(path.c_str());
  const sockaddr_un address = address_of(path);
  const mode_t mask = ::umask(0177);
  const int bound =
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(mask);
  if (bound != 0 || ::listen(listener_.get(), 8) != 0) {
    base::fail_with_errno(errno, fmt::format("listen at {}", path.string()));
  }
}

ControlSocket::~ControlSocket() {
  ::unlink(path_.c_str());
}

std::optional<ControlCall> ControlSocket::accept() const {
  ControlCall call{base::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)), {}};
  if (!call.caller) return std::nullopt;
  set_patience(call.caller, std::chrono::seconds(1));
  call.request = read_line(call.caller);
  return call;
}

void answer(const base::Fd& caller, std::string_view text) {
  static_cast<void>(::send(caller.get(), text.data(), text.size(), MSG_NOSIGNAL));
}

pid_t process_of(const base::Fd& caller) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  ::getsockopt(caller.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size);
  return credentials.pid;
}

bool has_hung_up(const base::Fd& caller) {
  pollfd end{caller.get(), POLLRDHUP, 0};
  return ::poll(&end, 1, 0) > 0;
}

base::Fd call_daemon(const base::StoreConfig& store, const ControlRequest& request) {
  base::Fd socket = connect_to(control_socket_path(store));
  if (!socket) return socket;
  set_patience(socket, std::chrono::seconds(10));
  answer(socket, to_text(request) + "\n");
  return socket;
}

std::optional<std::string> ask_daemon(const base::StoreConfig& store,
                                      const ControlRequest& request) {
  const base::Fd socket = call_daemon(store, request);
  if (!socket) return std::nullopt;
  std::string answer;
  std::array<char, 4096> buffer{};
  ssize_t count = 0;
  while (answer.size() < kMaxAnswerLine &&
         (count = ::recv(socket.get(), buffer.data(), buffer.size(), 0)) > 0) {
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (answer.empty()) {
    base::fail(base::ErrorCode::kIo, "daemon at {}: it does not answer",
               control_socket_path(store).string());
  }
  return answer;
}

}  // namespace backupd
