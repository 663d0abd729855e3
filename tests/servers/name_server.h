// A name server of the DNS on loopback (dnsmasq) that knows what a test tells it and asks nobody.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "tests/servers/process.h"
#include "tests/temporary_directory.h"

namespace servers {

struct NameServerRecords {
  struct Address {  // A or AAAA
    std::string name;
    std::string address;
  };
  struct Pointer {  // PTR
    std::string reverse_name;
    std::string name;
  };
  // Below .test alone, which is nobody's (RFC 6761).
  std::vector<Address> addresses;
  std::vector<Pointer> pointers;
};

class NameServer {
 public:
  // Answers when it returns.
  explicit NameServer(const NameServerRecords& records);

  static std::string host();  // its address
  std::uint16_t port() const { return port_; }
  std::string endpoint() const;  // "127.0.0.1:5353"

 private:
  bool answers() const;

  tests::TemporaryDirectory folder_;
  std::uint16_t port_;
  Process process_;
};

}  // namespace servers
