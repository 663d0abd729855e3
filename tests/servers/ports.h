// Free ports on loopback.
#pragma once

#include <cstdint>
#include <string_view>

namespace servers {

inline constexpr auto kHost = "127.0.0.1";
inline constexpr auto kPlainHost = "127.0.0.2";
inline constexpr auto kUnnamedHost = "127.0.0.3";

struct Ports {
  std::uint16_t imap = 0;     // on kHost, STARTTLS offered
  std::uint16_t imaps = 0;    // on kHost
  std::uint16_t plain = 0;    // on kPlainHost, STARTTLS not offered
  std::uint16_t unnamed = 0;  // on kUnnamedHost, TLS, but the certificate is not for it
};

// The ports were free a moment ago; another process may still take them first.
Ports free_ports();
std::uint16_t free_port(const char* host);  // an IPv4 or IPv6 address of this machine

// The port that ends `url`. Fails with std::invalid_argument if it has no port.
std::uint16_t port_of(std::string_view url);

}  // namespace servers
