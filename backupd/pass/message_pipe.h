// Carries messages from the threads that receive them to the one that stores them.
//
// Bounded in bytes, not in messages: a receiver waits while the messages that all receivers have
// handed over exceed the budget, so its server waits too, and memory stays flat with any mailbox.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "imap/message.h"
#include "store/message/incoming_message.h"

namespace backupd {

// Limits the bytes that all pipes of a program hold at a time. Thread-safe.
class PipeBudget {
 public:
  explicit PipeBudget(std::size_t limit) : limit_(limit) {}

  // Waits until there is room, or nothing is in use: a request above the limit goes alone. Returns
  // false if `give_up` became true meanwhile; wake() makes waiters check it.
  template <typename Condition>
  bool take(std::size_t bytes, Condition give_up) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return give_up() || used_ == 0 || used_ + bytes <= limit_; });
    if (give_up()) return false;
    used_ += bytes;
    return true;
  }
  void give_back(std::size_t bytes);
  void wake();

 private:
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t used_ = 0;
};

struct ArrivedMessage {
  imap::MessageItems items;
  imap::BodyKind body = imap::BodyKind::kMissing;
  store::IncomingMessage message;
  bool is_apology = false;  // not the message: the server can't serve it (imap/apology.h)

  std::size_t bytes_in_memory() const;
};

class MessagePipe {
 public:
  // `receivers`: the number of threads that put().
  MessagePipe(PipeBudget& budget, unsigned receivers) : budget_(budget), receivers_(receivers) {}
  MessagePipe(const MessagePipe&) = delete;
  MessagePipe& operator=(const MessagePipe&) = delete;
  ~MessagePipe();

  // For receivers: returns false if the pipe is closed. The last call is finish().
  bool put(std::vector<ArrivedMessage> messages);
  void finish();

  // For the thread that stores: waits for the next batch; empty when all receivers are finished.
  std::vector<ArrivedMessage> take();

  // No more messages will be taken: pending ones are dropped, and put() returns false.
  void close();

 private:
  struct Batch {
    std::vector<ArrivedMessage> messages;
    std::size_t bytes = 0;  // taken from the budget
  };

  PipeBudget& budget_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> batches_;
  unsigned receivers_;
  bool closed_ = false;
};

}  // namespace backupd
