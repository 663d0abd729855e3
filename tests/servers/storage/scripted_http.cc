#include "tests/servers/storage/scripted_http.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/ascii.h"
#include "base/error.h"

namespace servers {

namespace {

constexpr int kLookAround = 20;  // milliseconds until the server sees that it is to stop

void send_whole(const base::Fd& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

ReceivedRequest parse_head(std::string_view head) {
  ReceivedRequest request;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const std::size_t colon = line.find(": ");
    if (request.line.empty()) {
      request.line = line;
    } else if (colon != std::string_view::npos) {
      request.headers[base::lowered(line.substr(0, colon))] = line.substr(colon + 2);
    }
  }
  return request;
}

}  // namespace

ScriptedHttp::ScriptedHttp() : ScriptedHttp(nullptr) {}

ScriptedHttp::ScriptedHttp(Answerer answerer)
    : answerer_(std::move(answerer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (!listener_ || ::bind(listener_.get(), any, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
      ::getsockname(listener_.get(), any, &size) != 0) {
    base::fail_with_errno(errno, "listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

ScriptedHttp::~ScriptedHttp() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  thread_.join();
}

std::string ScriptedHttp::url() const {
  return fmt::format("http://127.0.0.1:{}", port_);
}

void ScriptedHttp::answer_raw(std::string bytes) {
  const std::lock_guard lock(mutex_);
  answers_.push_back({.bytes = std::move(bytes), .closes = false});
}

void ScriptedHttp::answer(const std::string& status, const std::vector<std::string>& headers,
                          const std::string& body) {
  std::string bytes = fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n", status, body.size());
  for (const std::string& header : headers) bytes += header + "\r\n";
  answer_raw(bytes + "\r\n" + body);
}

void ScriptedHttp::answer_and_close(std::string bytes) {
  const std::lock_guard lock(mutex_);
  answers_.push_back({.bytes = std::move(bytes), .closes = true});
}

std::vector<ReceivedRequest> ScriptedHttp::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

unsigned ScriptedHttp::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

unsigned ScriptedHttp::closings() const {
  const std::lock_guard lock(mutex_);
  return closings_;
}

std::size_t ScriptedHttp::answers_left() const {
  const std::lock_guard lock(mutex_);
  return answers_.size();
}

void ScriptedHttp::serve() {
  std::list<Connection> open;
  while (true) {
    std::vector<pollfd> waiting{{listener_.get(), POLLIN, 0}};
    for (const Connection& connection : open)
      waiting.push_back({connection.socket.get(), POLLIN, 0});
    static_cast<void>(::poll(waiting.data(), waiting.size(), kLookAround));
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_) return;
    }
    auto ready = waiting.begin() + 1;
    for (auto connection = open.begin(); connection != open.end(); ++ready) {
      const bool goes_on =
          ready->revents == 0 || (take_bytes(*connection) && answer_requests(*connection));
      connection = goes_on ? std::next(connection) : open.erase(connection);
      if (goes_on) continue;
      const std::lock_guard lock(mutex_);
      ++closings_;
    }
    if (waiting.front().revents == 0) continue;
    open.push_back({.socket = base::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
                    .received = {}});
    const std::lock_guard lock(mutex_);
    ++connections_;
  }
}

// False: the client has closed the connection.
bool ScriptedHttp::take_bytes(Connection& connection) {
  std::array<char, 65'536> buffer{};
  const ssize_t count = ::recv(connection.socket.get(), buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  connection.received.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

// False: the connection is to be closed.
bool ScriptedHttp::answer_requests(Connection& connection) {
  while (true) {
    const std::size_t end = connection.received.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    ReceivedRequest request = parse_head(std::string_view(connection.received).substr(0, end));
    const auto length = request.headers.find("content-length");
    const std::size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
    if (request.headers.contains("expect") && !connection.has_been_told_to_go_on) {
      connection.has_been_told_to_go_on = true;
      send_whole(connection.socket, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (connection.received.size() < end + 4 + size) return true;
    request.body = connection.received.substr(end + 4, size);
    connection.received.erase(0, end + 4 + size);
    connection.has_been_told_to_go_on = false;
    const std::optional<RawAnswer> answer = answer_to(std::move(request));
    if (!answer) return false;
    send_whole(connection.socket, answer->bytes);
    if (answer->closes) return false;
  }
}

std::optional<RawAnswer> ScriptedHttp::answer_to(ReceivedRequest request) {
  if (answerer_) return answerer_(request);
  const std::lock_guard lock(mutex_);
  requests_.push_back(std::move(request));
  if (answers_.empty()) return std::nullopt;
  RawAnswer answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

}  // namespace servers
