#include "restore/work_pool.h"

#include <optional>
#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace restore {

WorkPool::WorkPool(imap::Session& first, OpenSession open, unsigned connections)
    : open_(std::move(open)), max_threads_(connections), idle_(1) {
  threads_.emplace_back([this, &first] { serve(first); });
}

WorkPool::~WorkPool() {
  stop();
}

void WorkPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    items_.clear();
  }
  changed_.notify_all();
  threads_.clear();
}

void WorkPool::rethrow() const {
  if (error_) std::rethrow_exception(error_);
}

void WorkPool::put(std::uint64_t bytes, Work work) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return error_ || waiting_bytes_ <= kMaxBytes; });
  rethrow();
  items_.push_back({bytes, std::move(work)});
  waiting_bytes_ += bytes;
  if (items_.size() > idle_ && threads_.size() < max_threads_) {
    ++idle_;
    threads_.emplace_back([this] { serve_new_session(); });
  }
  lock.unlock();
  changed_.notify_all();
}

void WorkPool::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return error_ || (items_.empty() && at_work_ == 0); });
  lock.unlock();
  stop();
  rethrow();
}

void WorkPool::serve_new_session() {
  std::optional<imap::Session> session;
  try {
    session.emplace(open_());
  } catch (const base::Error& error) {
    base::log_warning("restore: no further connection: {}", error.what());
    const std::lock_guard lock(mutex_);
    max_threads_ = 0;
    --idle_;
    return;
  }
  serve(*session);
  {
    // The messages that the session has queued may no longer exist.
    const std::lock_guard lock(mutex_);
    if (error_) return;
  }
  try {
    session->logout();
  } catch (const base::Error& error) {
    base::log_debug("restore: {}", error.what());
  }
}

void WorkPool::serve(imap::Session& session) {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return is_over_ || error_ || !items_.empty(); });
    if (error_ || items_.empty()) return;
    Item item = std::move(items_.front());
    items_.pop_front();
    waiting_bytes_ -= item.bytes;
    --idle_;
    ++at_work_;
    lock.unlock();
    changed_.notify_all();
    std::exception_ptr error;
    try {
      item.work(session);
    } catch (...) {
      error = std::current_exception();
    }
    item.work = nullptr;  // frees what it holds
    lock.lock();
    --at_work_;
    ++idle_;
    if (error && !error_) error_ = error;
    changed_.notify_all();
  }
}

}  // namespace restore
