// Bounds on what all requests together, or those of one client, take at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace web {

// An amount that is shared, such as bytes of memory. Thread-safe.
class Allowance {
 public:
  explicit Allowance(std::uint64_t most) : most_(most) {}

  // A part of it, given back when the last copy of the pointer is gone; nullptr: there is not
  // enough left. It must not outlive the allowance.
  std::shared_ptr<void> take(std::uint64_t amount);

 private:
  std::mutex mutex_;
  std::uint64_t most_;
  std::uint64_t taken_ = 0;
};

// Requests of one client at a time. Thread-safe.
class ClientLimit {
 public:
  explicit ClientLimit(unsigned most) : most_(most) {}

  // As Allowance::take(). Addresses of one IPv6 network of 64 bits are one client.
  std::shared_ptr<void> enter(const std::string& address);

 private:
  std::mutex mutex_;
  unsigned most_;
  std::map<std::string, unsigned> present_;
};

}  // namespace web
