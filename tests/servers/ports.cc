#include "tests/servers/ports.h"

#include <array>
#include <cerrno>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/handle.h"

namespace servers {

namespace {

// The socket keeps the next call from giving the same port.
std::uint16_t free_port(const char* host, base::Fd& held) {
  held = base::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!held || ::inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
      ::bind(held.get(), generic, size) != 0 || ::getsockname(held.get(), generic, &size) != 0) {
    base::fail_with_errno(errno, std::string("find a free port on ") + host);
  }
  return ntohs(address.sin_port);
}

}  // namespace

Ports free_ports() {
  std::array<base::Fd, 4> held;
  return {free_port(kHost, held[0]), free_port(kHost, held[1]), free_port(kPlainHost, held[2]),
          free_port(kUnnamedHost, held[3])};
}

}  // namespace servers
