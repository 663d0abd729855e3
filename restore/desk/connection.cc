#include "restore/desk/connection.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/json_text.h"
#include "base/secret.h"

namespace desk {

namespace {

// False after `end`.
bool wait_until(const base::Fd& socket, short events, std::chrono::steady_clock::time_point end) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd entry{socket.get(), events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace

Connection::Connection(base::Fd socket, std::chrono::milliseconds patience)
    : socket_(std::move(socket)), patience_(patience) {}

std::optional<std::string> Connection::read_line(std::size_t most) {
  const auto end = std::chrono::steady_clock::now() + patience_;
  std::string line;
  std::array<char, 8'192> piece{};
  std::optional<std::string> result;
  while (wait_until(socket_, POLLIN, end)) {
    const ssize_t got = ::recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) break;
    const std::string_view text(piece.data(), static_cast<std::size_t>(got));
    const std::size_t line_end = text.find('\n');
    line += text.substr(0, line_end);
    if (line.size() > most) break;
    if (line_end == std::string_view::npos) continue;
    // Nothing may follow the request: the next one has a connection of its own.
    if (line_end + 1 == text.size()) result = std::move(line);
    break;
  }
  ::explicit_bzero(piece.data(), piece.size());
  if (!result) base::wipe(line);
  return result;
}

void Connection::answer(const nlohmann::ordered_json& document) {
  has_answered_ = true;
  write_all(base::json_line(document) + "\n");
}

void Connection::begin_stream() {
  is_stream_ = true;
  if (is_cut_) base::fail(base::ErrorCode::kBusy, "the desk is being stopped: try again later");
  answer({{"ok", true}, {"stream", true}});
}

void Connection::send_piece(std::string_view bytes) {
  if (bytes.empty()) return;
  write_all(std::to_string(bytes.size()) + "\n");
  write_all(bytes);
}

void Connection::end_stream(const nlohmann::ordered_json& document) {
  write_all("0\n" + base::json_line(document) + "\n");
}

void Connection::close() {
  const std::scoped_lock lock(closing_);
  socket_ = base::Fd();
}

void Connection::cut() {
  is_cut_ = true;
  const std::scoped_lock lock(closing_);
  if (socket_) ::shutdown(socket_.get(), is_stream_ ? SHUT_RDWR : SHUT_RD);
}

void Connection::write_all(std::string_view bytes) {
  const auto end = std::chrono::steady_clock::now() + patience_;
  while (!bytes.empty()) {
    if (!wait_until(socket_, POLLOUT, end)) {
      base::fail(base::ErrorCode::kIo, "answer a request: the web server does not take it");
    }
    const ssize_t sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent < 0) base::fail_with_errno(errno, "answer a request");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::optional<uid_t> Connection::user() const {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return std::nullopt;
  }
  return credentials.uid;
}

}  // namespace desk
