// How long the commands of a connection may still wait for the server.
//
// Three times run at once, each until it is renewed: without a byte (Limits::silence), without
// anything that a command requested (Limits::command), and from one message of a FETCH to the next
// (Limits::message). The time that the caller takes, for example to store a message, does not
// count, and neither does time in which the process was stopped: what the server sent meanwhile
// is still to be read.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/finally.h"
#include "imap/limits.h"

namespace imap {

class CommandTimer {
 public:
  // `clock` must outlive the timer.
  CommandTimer(const Limits& limits, const base::Clock& clock);

  void note_byte();      // the server sent or accepted bytes
  void note_progress();  // the same, and they were requested
  void expect_message();
  void expect_no_message() { message_since_.reset(); }

  enum class Kind { kSilence, kCommand, kMessage };
  struct Deadline {
    Kind kind = Kind::kSilence;
    std::chrono::milliseconds limit{};
    std::chrono::milliseconds left{};  // 0 or less: it is over
  };
  Deadline next() const;  // the one that is over first

  // Call it each time before reading from the socket. If that is late by more than a second, the
  // process was stopped: returns true, and a second is left to read what has arrived.
  bool note_look();
  // Call it before waiting for the socket, at most for `timeout`.
  void note_wait(std::chrono::milliseconds timeout) { look_by_ = now() + timeout; }

  // Runs `work`, which takes the caller's time. Not for nested calls.
  template <typename Work>
  void exclude(Work&& work) {
    paused_at_ = clock_.steady_now();
    const base::Finally resume([this] {
      excluded_ += clock_.steady_now() - *paused_at_;
      paused_at_.reset();
    });
    std::forward<Work>(work)();
  }

 private:
  using Steady = std::chrono::steady_clock;

  Steady::time_point now() const {
    return (paused_at_ ? *paused_at_ : clock_.steady_now()) - excluded_;
  }

  Limits limits_;
  const base::Clock& clock_;
  Steady::duration excluded_{};
  std::optional<Steady::time_point> paused_at_;
  Steady::time_point look_by_;  // when note_look() is due, unless the process is stopped
  Steady::time_point last_byte_;
  Steady::time_point last_progress_;
  std::optional<Steady::time_point> message_since_;
};

}  // namespace imap
