// The requests that a Ceph has answered, from the log of its gateway: those of any program, counted
// by the same means.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/http/http_client.h"
#include "tests/servers/storage/ceph.h"

namespace bench {

struct RequestCount {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;  // of the bodies, in either direction
};

struct Requests {
  RequestCount all;
  std::map<std::string, RequestCount> by_kind;  // "GET packs", "LIST commits", "GET the bucket"
};

class AccessLog {
 public:
  // Begins with the next request. `ceph` must outlive it.
  explicit AccessLog(const servers::Ceph& ceph);

  // What was requested since the last call. No program may be sending requests.
  Requests take();

 private:
  void request(const std::string& path);
  void read_on();

  const servers::Ceph& ceph_;
  base::HttpClient client_{base::HttpSettings{}};
  std::uint64_t position_ = 0;  // in the file
  std::string read_;            // and not counted yet
  unsigned markers_ = 0;
};

}  // namespace bench
