// The response to GETQUOTAROOT (RFC 9208).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace imap {

struct QuotaResource {
  std::string name;  // STORAGE (units of 1024 bytes), MESSAGE, ...
  std::uint64_t usage = 0;
  std::uint64_t limit = 0;
  bool operator==(const QuotaResource&) const = default;
};

struct QuotaRoot {
  std::string name;
  std::vector<QuotaResource> resources;  // empty: this root has no limits
  bool operator==(const QuotaRoot&) const = default;
};

}  // namespace imap
