// The proxy's side of SOCKS version 5 (RFC 1928) with a user and a password (RFC 1929), as far as a
// test's proxy needs it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace servers {

inline constexpr auto kSocksUser = "proxy-user";
inline constexpr auto kSocksPassword = "proxy-secret";

struct SocksRequest {
  std::string host;  // as it was asked for; empty if by address
  std::uint16_t port = 0;
};

// Speaks with a client until it may talk through. Nothing if it is no such client, or doesn't know
// kSocksPassword.
std::optional<SocksRequest> admit_by_socks(int client);

}  // namespace servers
