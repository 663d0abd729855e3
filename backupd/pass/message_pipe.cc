#include "backupd/pass/message_pipe.h"

#include <utility>

#include "base/finally.h"

namespace backupd {

namespace {

// Memory that a message costs in addition to its bytes and flags: digest, container entries.
constexpr std::size_t kMessageOverhead = 1'024;

}  // namespace

void PipeBudget::give_back(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
  }
  changed_.notify_all();
}

void PipeBudget::wake() {
  { const std::lock_guard lock(mutex_); }  // no thread is between its check and its wait
  changed_.notify_all();
}

MessagePipe::~MessagePipe() {
  close();
}

std::size_t ArrivedMessage::bytes_in_memory() const {
  return message.memory() + imap::memory_of(items) + kMessageOverhead;
}

bool MessagePipe::put(std::vector<ArrivedMessage> messages) {
  Batch batch{std::move(messages)};
  for (const ArrivedMessage& message : batch.messages) batch.bytes += message.bytes_in_memory();
  const std::size_t bytes = batch.bytes;
  const bool is_wanted = budget_.take(bytes, [this] {
    const std::lock_guard lock(mutex_);
    return closed_;
  });
  if (!is_wanted) return false;
  bool is_inside = false;
  const base::Finally give_back([&] {
    if (!is_inside) budget_.give_back(bytes);
  });
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  batches_.push_back(std::move(batch));
  is_inside = true;
  changed_.notify_one();
  return true;
}

void MessagePipe::finish() {
  const std::lock_guard lock(mutex_);
  --receivers_;
  changed_.notify_one();
}

std::vector<ArrivedMessage> MessagePipe::take() {
  Batch batch;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !batches_.empty() || receivers_ == 0; });
    if (batches_.empty()) return {};
    batch = std::move(batches_.front());
    batches_.pop_front();
  }
  budget_.give_back(batch.bytes);
  return std::move(batch.messages);
}

void MessagePipe::close() {
  std::size_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const Batch& batch : batches_) bytes += batch.bytes;
    batches_.clear();
  }
  if (bytes > 0) budget_.give_back(bytes);
  budget_.wake();
}

}  // namespace backupd
