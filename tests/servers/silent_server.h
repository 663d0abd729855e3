#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "tests/servers/relay.h"

namespace servers {

// A server that stops responding in the middle of sending or receiving, so that its client has to
// wait.
class SilentServer {
 public:
  SilentServer(const Server& server, From side, std::uint64_t after)
      : relay_(server, {.watch = [this, side, after](From from, std::string_view bytes) {
                 if (from == side) seen_ += bytes.size();
                 if (from == side && seen_ > after) {
                   is_silent_ = true;
                   is_over_.wait(false);
                 }
                 return true;
               }}) {}
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  ~SilentServer() { speak(); }

  // Resumes where it stopped, permanently.
  void speak() {
    is_over_ = true;
    is_over_.notify_all();
  }

  std::string url() const { return relay_.url(); }

  // Returns true if it stops within a minute.
  bool falls_silent() const {
    for (int tenth = 0; tenth < 600 && !is_silent_; ++tenth) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return is_silent_;
  }

 private:
  std::atomic<std::uint64_t> seen_ = 0;
  std::atomic<bool> is_silent_ = false;
  std::atomic<bool> is_over_ = false;
  Relay relay_;  // last: its threads use the others
};

}  // namespace servers
