// Bounds what a check reads twice: packs refer to each other's parts, and reading each of them
// again would read the store several times over.
#pragma once

#include <cstdint>
#include <mutex>

namespace store {

// Thread-safe.
class ReadingAllowance {
 public:
  void add_read(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    read_ += bytes;
  }

  // Returns whether `bytes` more may be read a second time; they count if so.
  bool take(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (again_ + bytes > kAlways + read_ / kShare) return false;
    again_ += bytes;
    return true;
  }

 private:
  static constexpr std::uint64_t kAlways = std::uint64_t{256} << 10;
  static constexpr std::uint64_t kShare = 20;

  std::mutex mutex_;
  std::uint64_t read_ = 0;   // bytes of packs that were read to the end
  std::uint64_t again_ = 0;  // bytes
};

}  // namespace store
