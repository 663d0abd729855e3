// A server on a loopback socket that says what a test makes it say, for what happens before the
// login is done.
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

  void say(std::string_view bytes);  // as they are
  std::string hear();                // the next line, without its end; "" when there is none

  // Hears the next command and answers it: `untagged`, then its tag and `result`.
  void answer(std::string_view result, std::string_view untagged = {});

 private:
  base::Fd socket_;
  std::string buffer_;
};

class FakeServer {
 public:
  // `serve` has the only connection to itself, on a thread of the server's; it is closed when it
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
