// The proxy's side of SOCKS version 5 (RFC 1928) with a user and a password (RFC 1929), to the
// extent needed by a test proxy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace servers {

inline constexpr auto kSocksUser = "proxy-user";
inline constexpr auto kSocksPassword = "proxy-secret";

struct SocksRequest {
  std::string host;  // as requested; empty if requested by address
  std::uint16_t port = 0;
};

// Runs the handshake with a client up to its connect request. Returns nullopt if it is not a SOCKS
// client, or doesn't know kSocksPassword.
std::optional<SocksRequest> accept_socks_request(int client);

}  // namespace servers
