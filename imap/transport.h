// The seam to the network: a connected, logged-in stream of bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace imap {

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // How many of `bytes` were taken; 0 if none can be taken now. Fails with kNetwork.
  virtual std::size_t send(base::ByteView bytes) = 0;

  // How many bytes came; 0 if there are none now. Fails with kNetwork if the connection is lost or
  // closed.
  virtual std::size_t receive(std::span<std::byte> buffer) = 0;

  // Returns when receive() may give something, or, if `to_send`, send() may take something; false
  // after `timeout`. Call it only after receive() has given 0: TLS may hold bytes that the socket
  // no longer shows.
  virtual bool wait(bool to_send, std::chrono::milliseconds timeout) = 0;

  // What the server said of its capabilities while it let us in: good for guessing what to ask it
  // first. Empty if it said nothing.
  virtual std::vector<std::string> announced() const { return {}; }
};

}  // namespace imap
