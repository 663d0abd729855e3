// A server on a loopback socket that sends what a test scripts, for everything up to the login.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "base/handle.h"

namespace imap {

// The server's end of one connection.
class FakeConnection {
 public:
  explicit FakeConnection(int fd) : socket_(fd) {}

  void send(std::string_view bytes);  // unchanged
  std::string read_line();            // the next line, without its end; "" at end of input

  // Reads the next command and answers it: `untagged`, then its tag and `result`.
  void answer(std::string_view result, std::string_view untagged = {});

 private:
  base::Fd socket_;
  std::string buffer_;
};

class FakeServer {
 public:
  // `serve` handles the only connection, on the server's thread; the connection is closed when it
  // returns.
  explicit FakeServer(std::function<void(FakeConnection&)> serve);
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer();

  std::string url() const;  // imap://127.0.0.1:PORT

 private:
  base::Fd listener_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace imap
