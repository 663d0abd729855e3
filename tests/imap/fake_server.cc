#include "tests/imap/fake_server.h"

#include <array>
#include <stdexcept>

#include <netinet/in.h>
#include <sys/socket.h>

namespace imap {

void FakeConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string FakeConnection::read_line() {
  for (;;) {
    const std::size_t end = buffer_.find("\r\n");
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      return line;
    }
    std::array<char, 4096> bytes{};
    const ssize_t received = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (received <= 0) return {};
    buffer_.append(bytes.data(), static_cast<std::size_t>(received));
  }
}

void FakeConnection::answer(std::string_view result, std::string_view untagged) {
  const std::string command = read_line();
  send(std::string(untagged) + command.substr(0, command.find(' ')) + ' ' + std::string(result) +
       "\r\n");
}

FakeServer::FakeServer(std::function<void(FakeConnection&)> serve)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 1) != 0 ||
      ::getsockname(listener_.get(), generic, &size) != 0) {
    throw std::runtime_error("start a fake server: no socket on loopback");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([fd = listener_.get(), serve = std::move(serve)] {
    const int client = ::accept(fd, nullptr, nullptr);
    if (client < 0) return;
    FakeConnection connection(client);
    serve(connection);
  });
}

FakeServer::~FakeServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);  // in case no client connected
  thread_.join();
}

std::string FakeServer::url() const {
  return "imap://127.0.0.1:" + std::to_string(port_);
}

}  // namespace imap
