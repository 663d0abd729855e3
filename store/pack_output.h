// Writes a pack's bytes and hashes them on a thread of its own, while the caller makes the next.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "store/format/crypto.h"

namespace store {

// One thread calls it. Bounded: write() waits while another piece waits behind the one under way.
class PackOutput {
 public:
  // Until finish(), nothing else may write to `file`, which must outlive the output.
  explicit PackOutput(base::AtomicFile& file);
  PackOutput(const PackOutput&) = delete;
  PackOutput& operator=(const PackOutput&) = delete;
  ~PackOutput();  // gives up what is waiting

  // In the order of the calls. Throws what an earlier write threw.
  void write(base::Bytes bytes);

  // Waits until all is written; returns the SHA-256 of it. Nothing can be written after it.
  Sha256 finish();

 private:
  void work();

  base::AtomicFile& file_;
  Sha256Hash hash_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<base::Bytes> waiting_;
  bool is_writing_ = false;
  bool is_stopping_ = false;
  std::exception_ptr error_;

  std::thread thread_;
};

}  // namespace store
