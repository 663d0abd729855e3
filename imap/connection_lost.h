// Why a connection is of no more use, where that tells what to do next.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace imap {

class ConnectionLost : public base::Error {
 public:
  enum class Cause {
    kAny,
    kMessageTooSlow,  // Limits::message: without that message the rest may come
  };

  // `pause`: how long the server asks to be left alone; nothing: it didn't.
  ConnectionLost(const std::string& message, std::optional<std::chrono::milliseconds> pause,
                 Cause cause = Cause::kAny)
      : Error(base::ErrorCode::kNetwork, message), pause_(pause), cause_(cause) {}

  std::optional<std::chrono::milliseconds> pause() const { return pause_; }
  Cause cause() const { return cause_; }

 private:
  std::optional<std::chrono::milliseconds> pause_;
  Cause cause_;
};

// What a server's words say of that: "Suggested Backoff Time: 9000 milliseconds" (Exchange Online).
// A day at most.
std::optional<std::chrono::milliseconds> suggested_pause(std::string_view words);

}  // namespace imap
