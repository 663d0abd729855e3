#include "web/desk_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/json_text.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/terminal.h"
#include "web/problem.h"

namespace web {

namespace {

using nlohmann::ordered_json;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxAnswer = std::size_t{32} << 20U;  // bytes of a line
constexpr std::uint64_t kMaxPiece = std::uint64_t{64} << 20U;
constexpr std::size_t kReceived = std::size_t{64} << 10U;  // bytes at a time

[[noreturn]] void give_up(std::string_view why) {
  base::log_error("the desk: {}", why);
  throw Problem(ProblemKind::kDesk);
}

bool wait_for_desk(const base::Fd& socket, short events, Steady::time_point end) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Steady::now());
    if (left.count() <= 0) return false;
    pollfd entry{socket.get(), events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// Appends what arrives next; false at the end of the connection.
bool receive_more(const base::Fd& socket, std::string& received, Steady::time_point end) {
  std::array<char, kReceived> piece{};
  for (;;) {
    if (!wait_for_desk(socket, POLLIN, end)) give_up("it did not answer in time");
    const ssize_t got = ::recv(socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) give_up("the connection is lost");
    received.append(piece.data(), static_cast<std::size_t>(got));
    return got > 0;
  }
}

// The first line of an answer, checked; what follows it stays in `received`.
ordered_json receive_answer(const base::Fd& socket, std::string& received,
                            std::chrono::milliseconds patience) {
  const auto end = Steady::now() + patience;
  std::size_t searched = 0;
  std::size_t line_end = std::string::npos;
  while ((line_end = received.find('\n', searched)) == std::string::npos) {
    searched = received.size();
    if (searched > kMaxAnswer) give_up("its answer is too long");
    if (!receive_more(socket, received, end)) give_up("it closed the connection");
  }
  ordered_json answer = base::parse_json(std::string_view(received).substr(0, line_end));
  received.erase(0, line_end + 1);
  if (!answer.is_object() || !answer.contains("ok") || !answer.at("ok").is_boolean()) {
    give_up("its answer is not one of the protocol");
  }
  if (!answer.at("ok").get<bool>()) throw problem_from(answer);
  return answer;
}

}  // namespace

DeskStream::DeskStream(base::Fd socket, std::string received, std::chrono::milliseconds patience)
    : socket_(std::move(socket)), received_(std::move(received)), patience_(patience) {}

bool DeskStream::receive() {
  return receive_more(socket_, received_, Steady::now() + patience_);
}

std::string DeskStream::take_line() {
  constexpr std::size_t kMaxLine = 4'096;
  std::size_t end = 0;
  while ((end = received_.find('\n')) == std::string::npos) {
    if (received_.size() > kMaxLine) give_up("a line of a stream is too long");
    if (!receive()) give_up("a stream broke off");
  }
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 1);
  return line;
}

std::string DeskStream::read() {
  if (is_over_) return {};
  if (left_ == 0) {
    const std::string line = take_line();
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), left_);
    if (error != std::errc() || end != line.data() + line.size() || left_ > kMaxPiece) {
      give_up("a piece of a stream has no size");
    }
  }
  if (left_ == 0) {
    is_over_ = true;
    const ordered_json verdict = base::parse_json(take_line());
    const bool is_whole =
        verdict.is_object() && verdict.contains("ok") && verdict.at("ok") == ordered_json(true);
    if (!is_whole) throw Problem(ProblemKind::kDamaged);
    return {};
  }
  if (received_.empty() && !receive()) give_up("a stream broke off");
  const std::size_t count =
      static_cast<std::size_t>(std::min<std::uint64_t>(left_, received_.size()));
  std::string bytes = received_.substr(0, count);
  received_.erase(0, count);
  left_ -= count;
  return bytes;
}

DeskClient::DeskClient(Connect connect, DeskPatience patience)
    : connect_(std::move(connect)), patience_(patience) {}

base::Fd DeskClient::send(const ordered_json& request) const {
  base::Fd socket = connect_();
  if (!socket) give_up("it does not listen: is mailstow-desk.service running?");
  std::string line = base::json_line(request) + "\n";
  const auto end = Steady::now() + patience_.answer;
  std::string_view rest = line;
  bool is_taken = true;
  while (!rest.empty() && (is_taken = wait_for_desk(socket, POLLOUT, end))) {
    const ssize_t sent =
        ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    // It may have refused the request before its end: the answer says why.
    if (sent < 0) break;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  base::wipe(line);  // it may hold a password
  if (!is_taken) give_up("it does not take requests");
  return socket;
}

ordered_json DeskClient::ask(const ordered_json& request) const {
  const base::Fd socket = send(request);
  std::string received;
  ordered_json answer = receive_answer(socket, received, patience_.answer);
  if (answer.contains("stream")) give_up("it sends a stream where none belongs");
  return answer;
}

DeskStream DeskClient::open_stream(const ordered_json& request) const {
  base::Fd socket = send(request);
  std::string received;
  const ordered_json answer = receive_answer(socket, received, patience_.stream);
  if (!answer.contains("stream")) give_up("it sends no stream where one belongs");
  return {std::move(socket), std::move(received), patience_.stream};
}

DeskClient::Connect connect_to(const base::Path& socket) {
  return [path = socket.native()] {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return base::Fd();
    std::memcpy(address.sun_path, path.data(), path.size());
    base::Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int connected =
        ::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return connected == 0 ? std::move(connection) : base::Fd();
  };
}

}  // namespace web
