#include "backupd/daemon/metrics_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backupd/daemon/metrics_file.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"

namespace backupd {

namespace {

using Steady = std::chrono::steady_clock;

// Requests are served one at a time; all clients are on this machine.
constexpr std::chrono::seconds kRequestPatience{2};
constexpr std::size_t kMaxHttpRequest = std::size_t{8} * 1024;
constexpr std::uint64_t kMaxMetricsFile = 256ULL * 1024 * 1024;

// As the configuration has it.
std::string shown_address(const base::ListenAddress& address) {
  const bool is_six = address.host.find(':') != std::string::npos;
  return is_six ? fmt::format("[{}]:{}", address.host, address.port)
                : fmt::format("{}:{}", address.host, address.port);
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

SocketAddress to_socket_address(const base::ListenAddress& address) {
  SocketAddress result;
  auto* four = reinterpret_cast<sockaddr_in*>(&result.storage);
  auto* six = reinterpret_cast<sockaddr_in6*>(&result.storage);
  if (::inet_pton(AF_INET, address.host.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(address.port);
    result.size = sizeof *four;
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(address.port);
    result.size = sizeof *six;
  }
  return result;
}

// Whether the socket becomes ready for `events` in time.
bool wait_for(int socket, short events, Steady::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Steady::now());
  pollfd ready{socket, events, 0};
  return ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) > 0;
}

// The request up to the empty line; empty if that does not arrive in time.
std::string read_request(int connection, Steady::time_point end) {
  std::string request;
  std::array<char, 1024> buffer{};
  while (request.size() < kMaxHttpRequest && wait_for(connection, POLLIN, end)) {
    const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count <= 0) return "";
    request.append(buffer.data(), static_cast<std::size_t>(count));
    if (request.find("\r\n\r\n") != std::string::npos) return request;
  }
  return "";
}

void send_all(int connection, std::string_view bytes, Steady::time_point end) {
  while (!bytes.empty() && wait_for(connection, POLLOUT, end)) {
    const ssize_t count =
        ::send(connection, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) return;
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
}

std::string response(std::string_view status, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
      "Content-Length: {}\r\nConnection: close\r\n\r\n",
      status, body.size());
}

}  // namespace

MetricsServer::MetricsServer(const base::ListenAddress& address, base::Path file)
    : address_(address), file_(std::move(file)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  SocketAddress own = to_socket_address(address);
  const int on = 1;
  socket_ =
      base::Fd(::socket(own.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  auto* const generic = reinterpret_cast<sockaddr*>(&own.storage);
  const bool is_listening =
      stop_ && socket_ &&
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      ::bind(socket_.get(), generic, own.size) == 0 && ::listen(socket_.get(), 16) == 0 &&
      ::getsockname(socket_.get(), generic, &own.size) == 0;
  if (!is_listening) {
    const std::string why = std::generic_category().message(errno);
    base::fail(base::ErrorCode::kIo,
               "serve metrics at {}: {}: free the address, or change /metrics/listen",
               shown_address(address), why);
  }
  port_ = ntohs(own.storage.ss_family == AF_INET
                    ? reinterpret_cast<const sockaddr_in*>(&own.storage)->sin_port
                    : reinterpret_cast<const sockaddr_in6*>(&own.storage)->sin6_port);
  thread_ = std::thread([this] { serve(); });
}

MetricsServer::~MetricsServer() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void MetricsServer::serve() {
  std::array<pollfd, 2> sources = {pollfd{socket_.get(), POLLIN, 0},
                                   pollfd{stop_.get(), POLLIN, 0}};
  for (;;) {
    if (::poll(sources.data(), sources.size(), -1) < 0 && errno != EINTR) return;
    if (sources[1].revents != 0) return;
    const base::Fd connection(
        ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) continue;
    try {
      answer(connection.get());
    } catch (const std::exception& error) {
      base::log_error("metrics: {}", error.what());
    }
  }
}

void MetricsServer::answer(int connection) const {
  const Steady::time_point end = Steady::now() + kRequestPatience;
  const std::string request = read_request(connection, end);
  const bool is_head = request.starts_with("HEAD ");
  const std::string_view words = request;
  const std::size_t path_begin = std::min(words.find(' '), words.size() - 1) + 1;
  const std::string_view path =
      request.empty() ? words : words.substr(path_begin, words.find(' ', path_begin) - path_begin);
  std::string_view status = "200 OK";
  std::string body;
  if (request.empty()) {
    status = "400 Bad Request";
  } else if (!is_head && !request.starts_with("GET ")) {
    status = "405 Method Not Allowed";
  } else if (path.substr(0, path.find('?')) != "/metrics") {
    status = "404 Not Found";
    body = "Metrics are at /metrics.\n";
  } else if (const auto text = base::read_file(base::real_file_system(), file_, kMaxMetricsFile)) {
    body = base::to_text(*text);
  } else {
    status = "503 Service Unavailable";
    body = "No job has ended yet.\n";
  }
  send_all(connection, response(status, body) + (is_head ? "" : body), end);
}

void MetricsService::follow(const base::Config& config, Time now) {
  wanted_ = config.reporting.metrics.listen;
  file_ = served_metrics_file(config.store);
  if (server_ && wanted_ && server_->address() == *wanted_) return;
  server_.reset();
  trouble_.clear();
  if (wanted_) start(now);
}

void MetricsService::try_again_if_due(Time now) {
  if (wanted_ && !server_ && now - last_attempt_ >= kRetry) start(now);
}

void MetricsService::start(Time now) {
  last_attempt_ = now;
  try {
    server_ = std::make_unique<MetricsServer>(*wanted_, file_);
    if (!trouble_.empty()) base::log_info("metrics are served at {}", shown_address(*wanted_));
    trouble_.clear();
  } catch (const std::exception& error) {  // the system may also refuse a thread
    const std::string trouble = error.what();
    if (trouble != trouble_) base::log_error("{}: trying again every minute", trouble);
    trouble_ = trouble;
  }
}

nlohmann::ordered_json MetricsService::describe() const {
  nlohmann::ordered_json document;
  if (!wanted_) return document;
  document["listen"] = shown_address(*wanted_);
  document["error"] = nullptr;
  if (!trouble_.empty()) document["error"] = trouble_;
  return document;
}

}  // namespace backupd
