// A request whose answer the web server does not read.
#pragma once

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/socket.h>

#include "tests/restore/desk/local_desk.h"
#include "tests/unix_socket.h"

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
    tests::send_to(ours_, request.dump() + "\n");
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
    return tests::read_to_end(ours_);
  }

 private:
  base::Fd ours_;
  std::thread answering_;
};

}  // namespace desk
