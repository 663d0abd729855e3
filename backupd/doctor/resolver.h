// Looks up names and addresses, through the system or through a given name server.
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

// "192.0.2.1", "127.0.0.1:5353"; nullopt for anything else.
std::optional<NameServer> parse_name_server(std::string_view text);

// Addresses are text in the form of inet_ntop. Fails with kNetwork if no name server answers; the
// result is empty if the name does not exist or has no such records.
class Resolver {
 public:
  // Default: the name servers of resolv.conf.
  explicit Resolver(std::optional<NameServer> server = {}) : server_(std::move(server)) {}

  // The addresses a connection would use: includes the hosts file, unless a name server is given.
  std::vector<std::string> host_addresses(const std::string& host) const;

  // From the DNS only, as other machines see it.
  std::vector<std::string> addresses(const std::string& name) const;    // A and AAAA
  std::vector<std::string> names_of(const std::string& address) const;  // PTR; no dot at the end

 private:
  std::vector<std::string> ask(const std::string& name, int type) const;

  std::optional<NameServer> server_;
};

}  // namespace backupd
