// The upper limit for any backup over IMAP: fetches all mail of an account over one connection,
// with one FETCH for each folder, and discards every byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imap/endpoint.h"

namespace bench {

struct Drained {
  double seconds = 0;  // from login on
  std::uint64_t bytes = 0;
};

Drained drain(const imap::Endpoint& endpoint, const imap::Login& login,
              const std::vector<std::string>& folders);

// The same without waiting for responses between the commands.
Drained drain_pipelined(const imap::Endpoint& endpoint, const imap::Login& login,
                        const std::vector<std::string>& folders);

}  // namespace bench
