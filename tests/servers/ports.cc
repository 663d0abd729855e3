#include "tests/servers/ports.h"

#include <array>
#include <cerrno>
#include <string>

#include <netdb.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/handle.h"

namespace servers {

namespace {

using AddressList = base::Handle<addrinfo, freeaddrinfo>;

AddressList parse_address(const char* host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host, nullptr, &hints, &list) != 0) {
    base::fail(base::ErrorCode::kInternal, "find a free port on {}: not an address", host);
  }
  return AddressList(list);
}

// The open socket prevents the next call from returning the same port.
std::uint16_t free_port(const char* host, base::Fd& held) {
  const AddressList list = parse_address(host);
  held = base::Fd(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  socklen_t size = list->ai_addrlen;
  std::array<char, NI_MAXSERV> port{};
  if (!held || ::bind(held.get(), list->ai_addr, size) != 0 ||
      ::getsockname(held.get(), list->ai_addr, &size) != 0 ||
      ::getnameinfo(list->ai_addr, size, nullptr, 0, port.data(), port.size(), NI_NUMERICSERV) !=
          0) {
    base::fail_with_errno(errno, std::string("find a free port on ") + host);
  }
  return static_cast<std::uint16_t>(std::stoi(port.data()));
}

}  // namespace

Ports free_ports() {
  std::array<base::Fd, 4> held;
  return {free_port(kHost, held[0]), free_port(kHost, held[1]), free_port(kPlainHost, held[2]),
          free_port(kUnnamedHost, held[3])};
}

std::uint16_t free_port(const char* host) {
  base::Fd held;
  return free_port(host, held);
}

std::uint16_t port_of(std::string_view url) {
  return static_cast<std::uint16_t>(std::stoi(std::string(url.substr(url.rfind(':') + 1))));
}

}  // namespace servers
