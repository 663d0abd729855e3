// A DNS server on loopback (dnsmasq) that serves only the records of the test and queries no other
// server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "tests/servers/ports.h"
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
  // Only below .test, which is reserved for tests (RFC 6761).
  std::vector<Address> addresses;
  std::vector<Pointer> pointers;
};

class NameServer {
 public:
  // When the constructor returns, the server answers.
  explicit NameServer(const NameServerRecords& records);

  static std::string host();  // its address
  std::uint16_t port() const { return port_.number(); }
  std::string endpoint() const;  // "127.0.0.1:5353"

 private:
  bool answers() const;

  tests::TemporaryDirectory directory_;
  Port port_;
  Process process_;
};

}  // namespace servers
