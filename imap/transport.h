// The interface to the network: a connected, logged-in stream of bytes.
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

  // Returns how many of `bytes` were accepted; 0 if none can be accepted now. Fails with kNetwork.
  virtual std::size_t send(base::ByteView bytes) = 0;

  // Returns the number of bytes received; 0 if none are available now. Fails with kNetwork if the
  // connection is lost or closed.
  virtual std::size_t receive(std::span<std::byte> buffer) = 0;

  // Waits until receive() may return bytes or, if `to_send`, send() may accept bytes; false after
  // `timeout`. Call it only after receive() has returned 0: TLS may hold bytes that the socket no
  // longer shows.
  virtual bool wait(bool to_send, std::chrono::milliseconds timeout) = 0;

  // The capabilities that the server announced during the login: useful for guessing which commands
  // to send first. Empty if it announced none.
  virtual std::vector<std::string> announced() const { return {}; }
};

}  // namespace imap
