// Writes and hashes a pack's bytes on a thread of its own, while the caller prepares the next ones.
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "base/bytes.h"
#include "store/format/crypto.h"
#include "store/storage/storage.h"

namespace store {

// For one calling thread. Bounded: write() waits while another piece is queued behind the one being
// written.
class PackOutput {
 public:
  // Until finish() returns, nothing else may use `upload`, which must outlive the output.
  explicit PackOutput(Upload& upload);
  PackOutput(const PackOutput&) = delete;
  PackOutput& operator=(const PackOutput&) = delete;
  ~PackOutput();  // discards the queued piece

  // Writes in the order of the calls. Rethrows the error of an earlier write; can't fail otherwise.
  void write(base::Bytes bytes);

  // Waits until everything is written; returns its SHA-256. Nothing can be written afterwards.
  Sha256 finish();

 private:
  void work();

  Upload& upload_;
  Sha256Hash hash_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<base::Bytes> waiting_;
  bool is_writing_ = false;
  bool is_stopping_ = false;
  std::exception_ptr error_;

  std::thread thread_;
};

}  // namespace store
