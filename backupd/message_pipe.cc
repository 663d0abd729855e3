#include "backupd/message_pipe.h"

#include <algorithm>
#include <utility>

namespace backupd {

namespace {

// What one costs beside its bytes: digest, items, places in containers.
constexpr std::size_t kOverhead = 1'024;

// Of one take(): then others have their turn at the store.
constexpr std::size_t kMostTaken = std::size_t{1} << 20;

}  // namespace

void PipeBudget::give_back(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
  }
  changed_.notify_all();
}

void PipeBudget::wake() {
  { const std::lock_guard lock(mutex_); }  // nobody is between looking and waiting
  changed_.notify_all();
}

MessagePipe::~MessagePipe() {
  close();
}

std::size_t MessagePipe::weight(const ArrivedMessage& message) {
  const auto size =
      std::min<std::uint64_t>(message.message.size(), store::IncomingMessage::kMostInMemory);
  return static_cast<std::size_t>(size) + kOverhead;
}

bool MessagePipe::put(ArrivedMessage message) {
  const std::size_t bytes = weight(message);
  const bool is_wanted = budget_.take(bytes, [this] {
    const std::lock_guard lock(mutex_);
    return closed_;
  });
  if (!is_wanted) return false;
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      messages_.push_back(std::move(message));
      changed_.notify_one();
      return true;
    }
  }
  budget_.give_back(bytes);
  return false;
}

void MessagePipe::finish() {
  const std::lock_guard lock(mutex_);
  --receivers_;
  changed_.notify_one();
}

std::vector<ArrivedMessage> MessagePipe::take() {
  std::vector<ArrivedMessage> taken;
  std::size_t bytes = 0;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !messages_.empty() || receivers_ == 0; });
    while (!messages_.empty() && bytes < kMostTaken) {
      bytes += weight(messages_.front());
      taken.push_back(std::move(messages_.front()));
      messages_.pop_front();
    }
  }
  if (bytes > 0) budget_.give_back(bytes);
  return taken;
}

void MessagePipe::close() {
  std::size_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const ArrivedMessage& message : messages_) bytes += weight(message);
    messages_.clear();
  }
  if (bytes > 0) budget_.give_back(bytes);
  budget_.wake();
}

}  // namespace backupd
