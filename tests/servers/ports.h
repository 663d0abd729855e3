// Ports on loopback for the servers of tests.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/handle.h"

namespace servers {

inline constexpr auto kHost = "127.0.0.1";
inline constexpr auto kPlainHost = "127.0.0.2";
inline constexpr auto kUnnamedHost = "127.0.0.3";

// A port that belongs to this process as long as the object lives, also while its server is
// stopped. No other call of free_port() on this machine returns its number, on any address. The
// kernel gives it to no other socket unless a program requests it by its number. Programs that this
// process starts do not inherit it.
class Port {
 public:
  Port() = default;
  Port(std::uint16_t number, base::Fd reservation)
      : number_(number), reservation_(std::move(reservation)) {}

  std::uint16_t number() const { return number_; }  // 0 if it was made without one

 private:
  std::uint16_t number_ = 0;
  base::Fd reservation_;
};

struct Ports {
  Port imap;     // on kHost, STARTTLS offered
  Port imaps;    // on kHost
  Port plain;    // on kPlainHost, STARTTLS not offered
  Port unnamed;  // on kUnnamedHost, TLS, but the certificate is not for it
};

// Neither a server nor a test uses the port at `host`, an IPv4 or IPv6 address of this machine.
// Fails if it is no such address, or if all ports are in use.
Port free_port(const char* host);
Ports free_ports();

// The port that ends `url`. Fails with std::invalid_argument if it has no port.
std::uint16_t port_of(std::string_view url);

}  // namespace servers
