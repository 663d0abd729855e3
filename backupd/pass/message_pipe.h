// Messages between the threads that receive them and the one that stores them.
//
// Bounded in bytes, not in messages: a receiver waits while what it and all others have handed over
// exceeds the budget, so its server waits too, and memory stays flat with any mailbox.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "imap/message.h"
#include "store/message/incoming_message.h"

namespace backupd {

// The bytes that may lie in all pipes of a program at a time. Thread-safe.
class PipeBudget {
 public:
  explicit PipeBudget(std::size_t most) : most_(most) {}

  // Waits until there is room, or nothing is in use: one that is larger than all goes alone. False
  // if `give_up` became true meanwhile: wake() tells.
  template <typename Condition>
  bool take(std::size_t bytes, Condition give_up) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return give_up() || used_ == 0 || used_ + bytes <= most_; });
    if (give_up()) return false;
    used_ += bytes;
    return true;
  }
  void give_back(std::size_t bytes);
  void wake();

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t used_ = 0;
};

struct ArrivedMessage {
  imap::MessageItems items;
  imap::BodyKind body = imap::BodyKind::kMissing;
  store::IncomingMessage message;
  bool is_apology = false;  // of a server that can't serve the message (backupd/pass/apology.h)

  std::size_t bytes_in_memory() const;
};

class MessagePipe {
 public:
  // For `receivers` threads.
  MessagePipe(PipeBudget& budget, unsigned receivers) : budget_(budget), receivers_(receivers) {}
  MessagePipe(const MessagePipe&) = delete;
  MessagePipe& operator=(const MessagePipe&) = delete;
  ~MessagePipe();

  // Receivers: false if nobody takes messages any more. The last call is finish().
  bool put(std::vector<ArrivedMessage> messages);
  void finish();

  // The one that stores: waits for what was put at once; empty when all receivers are finished.
  std::vector<ArrivedMessage> take();

  // Nothing more will be taken.
  void close();

 private:
  struct Batch {
    std::vector<ArrivedMessage> messages;
    std::size_t bytes = 0;  // of the budget
  };

  PipeBudget& budget_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> batches_;
  unsigned receivers_;
  bool closed_ = false;
};

}  // namespace backupd
