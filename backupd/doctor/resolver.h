// Names and addresses, as the system or a name server of one's choice tells them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backupd {

struct NameServer {
  std::string address;  // IPv4
  std::uint16_t port = 53;
  bool operator==(const NameServer&) const = default;
};

// "192.0.2.1", "127.0.0.1:5353"; nothing for anything else.
std::optional<NameServer> parse_name_server(std::string_view text);

// Addresses are text, in the form that inet_ntop gives. Fails with kNetwork if no name server
// answers; a name that does not exist, or has none of what is asked for, is an empty answer.
class Resolver {
 public:
  // Nothing: the system's, of resolv.conf.
  explicit Resolver(std::optional<NameServer> server = {}) : server_(std::move(server)) {}

  // As a connection to the host would find them: hosts file and all, unless a name server is given.
  std::vector<std::string> host_addresses(const std::string& host) const;

  // Of the DNS alone: what the rest of the world sees.
  std::vector<std::string> addresses(const std::string& name) const;    // A and AAAA
  std::vector<std::string> names_of(const std::string& address) const;  // PTR; no dot at the end

 private:
  std::vector<std::string> ask(const std::string& name, int type) const;

  std::optional<NameServer> server_;
};

}  // namespace backupd
