// Reads blocks before they are needed, on a thread of its own: in the order of their places, with
// one read for neighbours.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/storage/storage.h"

namespace store {

struct BlockToRead {
  std::int64_t block = 0;
  BlockPlace place;
};

// An opened block: what is in its frame.
struct OpenedBlock {
  std::int64_t block = 0;
  std::shared_ptr<const base::Bytes> bytes;
};

// For one calling thread, which alternates request() and collect(). Nothing fails: a request ends
// at the first error, and the blocks that are missing in the result are read by their user, who
// gets the error. The same goes for all blocks if the thread can't be started.
//
// Memory: what was requested, and 8 MiB of sealed blocks (one block if it is larger).
class ReadAhead {
 public:
  // All arguments must outlive it. `storage` is used by the thread.
  ReadAhead(Storage& storage, const BlockContext& context);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead();  // ends after the read that is under way

  // In any order. The first request that is not empty starts the thread.
  void request(std::vector<BlockToRead> blocks);

  // Waits for the last request; returns its blocks as far as they could be read.
  std::vector<OpenedBlock> collect();

 private:
  void work();
  std::vector<OpenedBlock> read_all(std::vector<BlockToRead> blocks);
  bool is_stopping();

  Storage& storage_;
  const BlockContext& context_;
  Decompressor decompressor_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<BlockToRead> requested_;
  std::vector<OpenedBlock> opened_;
  bool is_requested_ = false;  // requested_ is for the thread
  bool is_reading_ = false;
  bool is_stopping_ = false;

  std::thread thread_;
};

}  // namespace store
