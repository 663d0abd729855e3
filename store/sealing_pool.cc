#include "store/sealing_pool.h"

#include <algorithm>
#include <utility>

#include "store/format/compression.h"

namespace store {

SealingPool::SealingPool(const BlockContext& context, int level, unsigned threads)
    : context_(context), level_(level) {
  for (unsigned i = 0; i < std::max(threads, 1U); ++i) threads_.emplace_back([this] { work(); });
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

void SealingPool::submit(const BlockHeader& header, base::Bytes plain) {
  auto job = std::make_shared<Job>();
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
  inside_.pop_front();
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [&] { return job->done; });
  if (job->error) std::rethrow_exception(job->error);
  return std::move(job->sealed);
}

void SealingPool::work() {
  Compressor compressor(level_);
  std::unique_lock lock(mutex_);
  while (true) {
    submitted_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<Job> job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    base::Bytes sealed;
    std::exception_ptr error;
    try {
      sealed = seal_block(context_, job->header, std::exchange(job->plain, {}), compressor);
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
