// A request whose answer the web server does not read.
#pragma once

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/socket.h>

#include "tests/restore/desk/local_desk.h"

namespace desk {

class HeldRequest {
 public:
  HeldRequest(Desk& desk, Door door, json request) {
    if (!request.contains("client")) request["client"] = "192.0.2.7";
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      throw std::runtime_error("socketpair");
    }
    ours_ = base::Fd(ends[0]);
    answering_ = std::thread([&desk, door, end = ends[1]] {
      Connection connection(base::Fd(end), std::chrono::hours(1));
      desk.answer(connection, door);
    });
    const std::string line = request.dump() + "\n";
    static_cast<void>(::send(ours_.get(), line.data(), line.size(), MSG_NOSIGNAL));
  }
  HeldRequest(const HeldRequest&) = delete;
  HeldRequest& operator=(const HeldRequest&) = delete;
  ~HeldRequest() {
    ours_ = base::Fd();
    if (answering_.joinable()) answering_.join();
  }

  // Waits until the desk ends the answer by itself, and returns what was sent of it.
  std::string finish() {
    answering_.join();
    std::string answer;
    std::array<char, 65'536> piece{};
    for (ssize_t got = 0; (got = ::recv(ours_.get(), piece.data(), piece.size(), 0)) > 0;) {
      answer.append(piece.data(), static_cast<std::size_t>(got));
    }
    return answer;
  }

 private:
  base::Fd ours_;
  std::thread answering_;
};

}  // namespace desk
