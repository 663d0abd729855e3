#include "tests/servers/relay.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/servers/bare_imap.h"
#include "tests/servers/socks.h"

namespace servers {

namespace {

sockaddr_in address_of(const char* host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host, &address.sin_addr);
  return address;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

class Relay::Connection {
 public:
  Connection(Relay& relay, base::Fd client, std::optional<std::uint64_t> left)
      : relay_(relay), client_(std::move(client)), left_(left) {}

  void run() {
    sockaddr_in address = address_of(kPlainHost, relay_.server_port_);
    if (relay_.options_.way == Way::kSocks) {
      const auto request = accept_socks_request(client_.get());
      if (!request) return;
      address = address_of(kHost, request->port);
      const std::lock_guard lock(relay_.mutex_);
      relay_.requests_.push_back(request->host);
    }
    server_ = base::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(server_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0) {
      return;
    }
    std::array<pollfd, 3> sources = {pollfd{client_.get(), POLLIN, 0},
                                     pollfd{server_.get(), POLLIN, 0},
                                     pollfd{relay_.stop_.get(), POLLIN, 0}};
    while (::poll(sources.data(), sources.size(), -1) > 0 && sources[2].revents == 0) {
      if (sources[0].revents != 0 && !carry_to_server()) return;
      if (sources[1].revents != 0 && !carry_to_client()) return;
    }
  }

 private:
  std::string_view receive(const base::Fd& from) {
    const ssize_t received = ::recv(from.get(), buffer_.data(), buffer_.size(), 0);
    return {buffer_.data(), received > 0 ? static_cast<std::size_t>(received) : 0};
  }

  bool may_pass(From from, std::string_view bytes) const {
    return !relay_.options_.watch || relay_.options_.watch(from, bytes);
  }

  bool carry_to_server() {
    const std::string_view bytes = receive(client_);
    if (bytes.empty() || !may_pass(From::kClient, bytes)) return false;
    if (relay_.options_.offer == Offer::kEverything) return send_all(server_.get(), bytes);
    BareImap::Passed passed = bare_.from_client(bytes);
    if (!passed.breaches.empty()) {
      const std::lock_guard lock(relay_.mutex_);
      for (std::string& line : passed.breaches) relay_.breaches_.push_back(std::move(line));
    }
    return send_all(client_.get(), passed.to_client) && send_all(server_.get(), passed.to_server);
  }

  bool carry_to_client() {
    std::string_view bytes = receive(server_);
    if (bytes.empty() || !may_pass(From::kServer, bytes)) return false;
    if (left_ && bytes.size() >= *left_) {
      // The bytes received so far must arrive before the connection is closed.
      send_all(client_.get(), bytes.substr(0, *left_));
      return false;
    }
    if (left_) *left_ -= bytes.size();
    if (relay_.options_.offer == Offer::kEverything) return send_all(client_.get(), bytes);
    return send_all(client_.get(), bare_.from_server(bytes));
  }

  Relay& relay_;
  base::Fd client_;
  base::Fd server_;
  std::optional<std::uint64_t> left_;
  BareImap bare_;
  std::array<char, 65536> buffer_{};
};

Relay::Relay(const Server& server, RelayOptions options)
    : server_port_(server.plain_port()),
      options_(std::move(options)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address = address_of(kHost, 0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 100) != 0 ||
      ::getsockname(listener_.get(), generic, &size) != 0) {
    throw std::runtime_error("start a relay: no socket on loopback");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

Relay::~Relay() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(stop_.get(), &one, sizeof one));
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
}

std::string Relay::url() const {
  return std::string("imap://") + kHost + ":" + std::to_string(port_);
}

std::string Relay::proxy_url() const {
  return std::string("socks5h://") + kHost + ":" + std::to_string(port_);
}

std::vector<std::string> Relay::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> Relay::breaches() const {
  const std::lock_guard lock(mutex_);
  return breaches_;
}

// A client that has closed does not count as connected, even if its thread has not noticed yet.
void Relay::count(int client) {
  const std::lock_guard lock(mutex_);
  clients_.insert(client);
  std::vector<pollfd> sources;
  for (const int fd : clients_) sources.push_back({fd, POLLRDHUP, 0});
  ::poll(sources.data(), sources.size(), 0);
  const auto open = std::count_if(sources.begin(), sources.end(),
                                  [](const pollfd& source) { return source.revents == 0; });
  most_connections_ = std::max(most_connections_.load(), static_cast<unsigned>(open));
}

void Relay::accept_all() {
  std::array<pollfd, 2> sources = {pollfd{listener_.get(), POLLIN, 0},
                                   pollfd{stop_.get(), POLLIN, 0}};
  while (::poll(sources.data(), sources.size(), -1) > 0 && sources[1].revents == 0) {
    base::Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) continue;
    const unsigned number = connections_++;
    count(client.get());
    const auto cut = options_.cut ? options_.cut(number) : std::nullopt;
    threads_.emplace_back([this, fd = std::move(client), cut]() mutable {
      const int socket = fd.get();
      Connection connection(*this, std::move(fd), cut);
      connection.run();
      const std::lock_guard lock(mutex_);
      clients_.erase(socket);
    });
  }
}

}  // namespace servers
