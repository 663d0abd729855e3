#include "imap/command_timer.h"

namespace imap {

namespace {

constexpr std::chrono::seconds kLateLook{1};
constexpr std::chrono::seconds kTimeToLook{1};

}  // namespace

CommandTimer::CommandTimer(const Limits& limits, const base::Clock& clock)
    : limits_(limits),
      clock_(clock),
      look_by_(now()),
      last_byte_(look_by_),
      last_progress_(look_by_) {}

bool CommandTimer::note_look() {
  const Steady::duration late = now() - look_by_;
  const bool was_stopped = late > kLateLook;
  if (was_stopped) excluded_ += late + kTimeToLook;
  look_by_ = now();
  return was_stopped;
}

void CommandTimer::note_byte() {
  look_by_ = last_byte_ = now();
}

void CommandTimer::note_progress() {
  look_by_ = last_byte_ = last_progress_ = now();
}

void CommandTimer::expect_message() {
  message_since_ = now();
}

CommandTimer::Deadline CommandTimer::next() const {
  const Steady::time_point current = now();
  const auto deadline = [&](Kind kind, std::chrono::milliseconds limit, Steady::time_point since) {
    return Deadline{kind, limit,
                    limit - std::chrono::floor<std::chrono::milliseconds>(current - since)};
  };
  Deadline next = deadline(Kind::kSilence, limits_.silence, last_byte_);
  const Deadline command = deadline(Kind::kCommand, limits_.command, last_progress_);
  if (command.left < next.left) next = command;
  if (message_since_) {
    const Deadline message = deadline(Kind::kMessage, limits_.message, *message_since_);
    if (message.left <= next.left) next = message;
  }
  return next;
}

}  // namespace imap
