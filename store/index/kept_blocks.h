// Blocks that stay in memory, sealed, after their packs were read: what reads them next does not
// read the packs again.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/bytes.h"

namespace store {

// Thread-safe.
class KeptBlocks {
 public:
  // Keeps at most `limit` bytes.
  explicit KeptBlocks(std::uint64_t limit) : limit_(limit) {}

  // `sealed`: header and box, exactly as in the pack. Does nothing if there is no room for it.
  void add(std::int64_t block, base::ByteView sealed) {
    const std::lock_guard lock(mutex_);
    if (sealed.size() > limit_ - bytes_ || blocks_.contains(block)) return;
    blocks_.emplace(block, std::make_shared<const base::Bytes>(sealed.begin(), sealed.end()));
    bytes_ += sealed.size();
  }

  // Null if the block was not kept.
  std::shared_ptr<const base::Bytes> find(std::int64_t block) const {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(block);
    return found == blocks_.end() ? nullptr : found->second;
  }

 private:
  std::uint64_t limit_;
  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, std::shared_ptr<const base::Bytes>> blocks_;
  std::uint64_t bytes_ = 0;
};

}  // namespace store
