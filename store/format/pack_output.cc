#include "store/format/pack_output.h"

#include <utility>

namespace store {

PackOutput::PackOutput(Upload& upload) : upload_(upload), thread_([this] { work(); }) {}

PackOutput::~PackOutput() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    waiting_.reset();
  }
  changed_.notify_all();
  thread_.join();
}

void PackOutput::write(base::Bytes bytes) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_ || error_; });
  if (error_) std::rethrow_exception(error_);
  waiting_ = std::move(bytes);
  lock.unlock();
  changed_.notify_all();
}

Sha256 PackOutput::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return (!waiting_ && !is_writing_) || error_; });
  if (error_) std::rethrow_exception(error_);
  return hash_.finish();
}

void PackOutput::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || waiting_; });
    if (is_stopping_) return;
    const base::Bytes bytes = *std::exchange(waiting_, std::nullopt);
    is_writing_ = true;
    lock.unlock();
    changed_.notify_all();
    std::exception_ptr error;
    try {
      upload_.write(bytes);
      hash_.update(bytes);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    is_writing_ = false;
    if (error) {  // anything further would be written behind a gap
      error_ = error;
      waiting_.reset();
      changed_.notify_all();
      return;
    }
    changed_.notify_all();
  }
}

}  // namespace store
