// Threads that compress and seal blocks while the caller prepares the next ones.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "store/format/block.h"

namespace store {

// Blocks are returned in the order in which they were submitted. The number of blocks inside is
// bounded: call submit() only while there is room. One thread submits and takes.
class SealingPool {
 public:
  SealingPool(const BlockContext& context, int level, unsigned threads);
  SealingPool(const SealingPool&) = delete;
  SealingPool& operator=(const SealingPool&) = delete;
  ~SealingPool();

  bool has_room() const { return inside_.size() <= threads_.size(); }
  bool empty() const { return inside_.empty(); }
  bool next_is_ready();

  void submit(const BlockHeader& header, base::Bytes plain);

  // Waits for the next block, and returns its header and box. Rethrows the error of sealing it.
  base::Bytes take();

 private:
  struct Job {
    BlockHeader header;
    base::Bytes plain;
    base::Bytes sealed;
    std::exception_ptr error;
    bool done = false;
  };

  void work();

  const BlockContext& context_;
  int level_;
  std::deque<std::shared_ptr<Job>> inside_;  // used by the submitting thread only

  std::mutex mutex_;
  std::condition_variable submitted_;
  std::condition_variable finished_;
  std::deque<std::shared_ptr<Job>> waiting_;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace store
