#include "store/sealing_pool.h"

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "base/error.h"
#include "store/format/compression.h"

namespace store {

SealingPool::SealingPool(const BlockContext& context, int level, unsigned threads)
    : context_(context), level_(level) {
  const unsigned count = std::max(threads, 1U);
  inside_.reserve(count + 1);
  waiting_.reserve(count + 1);
  threads_.reserve(count);
  try {
    while (threads_.size() < count) threads_.emplace_back([this] { work(); });
  } catch (const std::exception& error) {
    if (threads_.empty()) {
      base::fail(base::ErrorCode::kIo, "start a thread that seals blocks: {}", error.what());
    }
    // The pool works with fewer threads. Nothing may throw here: they run.
  }
}

SealingPool::~SealingPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  submitted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void SealingPool::prepare() {
  if (!prepared_) prepared_ = std::make_shared<Job>();
}

void SealingPool::submit(const BlockHeader& header, base::Bytes plain) {
  prepare();
  std::shared_ptr<Job> job = std::exchange(prepared_, nullptr);
  job->header = header;
  job->plain = std::move(plain);
  inside_.push_back(job);
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  submitted_.notify_one();
}

bool SealingPool::next_is_ready() {
  if (inside_.empty()) return false;
  const std::lock_guard lock(mutex_);
  return inside_.front()->done;
}

base::Bytes SealingPool::take() {
  const std::shared_ptr<Job> job = std::move(inside_.front());
  inside_.erase(inside_.begin());
  {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return job->done; });
  }
  try {
    if (job->error) std::rethrow_exception(job->error);
  } catch (const std::bad_alloc&) {
    Compressor compressor(level_);
    return seal_block(context_, job->header, job->plain, compressor);
  }
  return std::move(job->sealed);
}

void SealingPool::work() {
  std::optional<Compressor> compressor;
  std::unique_lock lock(mutex_);
  while (true) {
    submitted_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<Job> job = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    lock.unlock();
    base::Bytes sealed;
    std::exception_ptr error;
    try {
      if (!compressor) compressor.emplace(level_);
      sealed = seal_block(context_, job->header, job->plain, *compressor);
      job->plain = base::Bytes();
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    job->sealed = std::move(sealed);
    job->error = error;
    job->done = true;
    finished_.notify_all();
  }
}

}  // namespace store
