// The failure of a connection, with the cause where that decides what to do next.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace imap {

// Part of the message with Cause::kMessageTooSlow.
inline constexpr std::string_view kMessageTookTooLong = "a message took longer than";

class ConnectionLost : public base::Error {
 public:
  enum class Cause {
    kAny,
    kMessageTooSlow,   // Limits::message exceeded: the other messages may still arrive
    kMessageTooLarge,  // Limits::max_message exceeded: likewise
    kSilence,          // Limits::silence or Limits::command exceeded
    // The same while several commands were in progress: perhaps the server accepts only one at a
    // time.
    kPipelinedSilence,
    kOutOfOrder,      // the answers came in another order than the commands: likewise
    kAccountTooSlow,  // Limits::waits used up: another connection would end in the same way
  };

  // `pause`: how long the server asks the client to wait; nullopt: it didn't ask. `command`: the
  // one that the server did not answer, or not understandably, upper case; empty: unknown. `code`:
  // kNetwork or kProtocol.
  ConnectionLost(const std::string& message, std::optional<std::chrono::milliseconds> pause,
                 Cause cause = Cause::kAny, std::string command = {},
                 base::ErrorCode code = base::ErrorCode::kNetwork)
      : Error(code, message), pause_(pause), cause_(cause), command_(std::move(command)) {}

  std::optional<std::chrono::milliseconds> pause() const { return pause_; }
  Cause cause() const { return cause_; }
  const std::string& command() const { return command_; }

 private:
  std::optional<std::chrono::milliseconds> pause_;
  Cause cause_;
  std::string command_;
};

// Parses the pause from a server's text: "Suggested Backoff Time: 9000 milliseconds" (Exchange
// Online). At most one day.
std::optional<std::chrono::milliseconds> suggested_pause(std::string_view words);

}  // namespace imap
