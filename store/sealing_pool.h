// Threads that compress and seal blocks while the caller prepares the next ones.
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "store/format/block.h"

namespace store {

// Blocks are returned in the order in which they were submitted. The number of blocks inside is
// bounded: call submit() only while there is room. One thread prepares, submits and takes. A block
// that can't be sealed for want of memory is sealed by take().
class SealingPool {
 public:
  // Works with fewer threads if not all of them can be started. Fails with kIo if not even one can.
  SealingPool(const BlockContext& context, int level, unsigned threads);
  SealingPool(const SealingPool&) = delete;
  SealingPool& operator=(const SealingPool&) = delete;
  ~SealingPool();

  bool has_room() const { return inside_.size() <= threads_.size(); }
  bool empty() const { return inside_.empty(); }
  bool next_is_ready();

  // Allocates what the next submit() needs: that one can't fail.
  void prepare();
  void submit(const BlockHeader& header, base::Bytes plain);

  // Waits for the next block, and returns its header and box. Rethrows the error of sealing it;
  // then the block is lost.
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
  // Both vectors have room for as many jobs as are ever inside. The first two members are used by
  // the submitting thread only.
  std::vector<std::shared_ptr<Job>> inside_;
  std::shared_ptr<Job> prepared_;

  std::mutex mutex_;
  std::condition_variable submitted_;
  std::condition_variable finished_;
  std::vector<std::shared_ptr<Job>> waiting_;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace store
