#include "tests/servers/ports.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <random>
#include <string>

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"

namespace servers {

namespace {

constexpr unsigned kFirstPort = 20'000;
constexpr unsigned kEndOfPorts = 32'000;
constexpr unsigned kMinPorts = 1'000;
constexpr unsigned kEndOfAllPorts = 65'536;

using AddressList = base::Handle<addrinfo, freeaddrinfo>;

struct PortRange {
  unsigned first;
  unsigned count;
};

// Outside the range from which the kernel takes the ports of connections, and those of listeners
// that accept any port. A machine may leave no room outside it: then only the reservations protect
// a port.
PortRange range_of_ports() {
  unsigned first_of_kernel = 0;
  unsigned last_of_kernel = 0;
  if (!(std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first_of_kernel >>
        last_of_kernel)) {
    return {kFirstPort, kEndOfPorts - kFirstPort};
  }
  if (first_of_kernel >= kEndOfPorts) return {kFirstPort, kEndOfPorts - kFirstPort};
  if (first_of_kernel >= kFirstPort + kMinPorts) return {kFirstPort, first_of_kernel - kFirstPort};
  const unsigned above = last_of_kernel + 1;
  if (above + kMinPorts <= kEndOfAllPorts) return {above, kEndOfAllPorts - above};
  return {kFirstPort, kEndOfPorts - kFirstPort};
}

// Reserves the number by a name in the abstract namespace of Unix sockets: it ends with the
// process, needs no file, and is seen by all users and containers that share the ports. Returns an
// empty descriptor if it is reserved already. tests/web/browser/world.py uses the same names.
base::Fd reserve(unsigned number) {
  base::Fd reservation(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!reservation) base::fail_with_errno(errno, "reserve a port");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = fmt::format("mailstow-test-port-{}", number);
  name.copy(&address.sun_path[1], sizeof address.sun_path - 1);  // the first byte stays 0
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(reservation.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0) {
    return reservation;
  }
  if (errno != EADDRINUSE) base::fail_with_errno(errno, "reserve a port");
  return {};
}

AddressList parse_address(const char* host, unsigned port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host, std::to_string(port).c_str(), &hints, &list) != 0) {
    base::fail(base::ErrorCode::kInternal, "find a free port on {}: not an address", host);
  }
  return AddressList(list);
}

// Other programs use ports without a reservation.
bool is_in_use(const char* host, unsigned port) {
  const AddressList list = parse_address(host, port);
  const base::Fd tried(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (tried && ::bind(tried.get(), list->ai_addr, list->ai_addrlen) == 0) return false;
  if (errno != EADDRINUSE) {
    base::fail_with_errno(errno, std::string("find a free port on ") + host);
  }
  return true;
}

}  // namespace

Port free_port(const char* host) {
  static const PortRange range = range_of_ports();
  static std::atomic<unsigned> next = std::random_device{}() % range.count;
  for (unsigned tried = 0; tried < range.count; ++tried) {
    const unsigned number = range.first + next++ % range.count;
    base::Fd reservation = reserve(number);
    if (reservation && !is_in_use(host, number)) {
      return {static_cast<std::uint16_t>(number), std::move(reservation)};
    }
  }
  base::fail(base::ErrorCode::kInternal, "find a free port on {}: all from {} to {} are in use",
             host, range.first, range.first + range.count - 1);
}

Ports free_ports() {
  return {free_port(kHost), free_port(kHost), free_port(kPlainHost), free_port(kUnnamedHost)};
}

std::uint16_t port_of(std::string_view url) {
  return static_cast<std::uint16_t>(std::stoi(std::string(url.substr(url.rfind(':') + 1))));
}

}  // namespace servers
