// The limit of what a backup over IMAP can do: all mail of an account over one connection, in one
// FETCH a folder, every byte thrown away.
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

}  // namespace bench
