// A server that says what no real one says: names, identities and values of any length. See
// poison_server.py for the options; the user `evil` gets the poison, every other an ordinary
// mailbox. Any password lets any user in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/servers/process.h"
#include "tests/temporary_directory.h"

namespace servers {

class PoisonServer {
 public:
  explicit PoisonServer(const std::vector<std::string>& options);

  std::string url() const;  // without TLS

 private:
  tests::TemporaryDirectory folder_;
  Process process_;
  std::uint16_t port_ = 0;
};

}  // namespace servers
