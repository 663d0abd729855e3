// A server that sends data that no real one sends: names, IDs and values of any length. See
// poison_server.py for the options; the user `evil` gets this data, every other user an ordinary
// mailbox. Any password is accepted for any user.
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
  tests::TemporaryDirectory directory_;
  Process process_;
  std::uint16_t port_ = 0;
};

}  // namespace servers
