// Bounds on what all requests together, or those of one client, take at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace web {

// An amount that is shared, such as bytes of memory, fairly among those who hold parts of it.
// Thread-safe.
class Allowance {
 public:
  explicit Allowance(std::uint64_t most) : Allowance(most, most) {}
  // `of_one`: the most of it that one holder may have.
  Allowance(std::uint64_t most, std::uint64_t of_one) : most_(most), of_one_(of_one) {}

  // A part of it, given back when the last copy of the pointer is gone; nullptr: not enough was
  // left within `patience`. It must not outlive the allowance.
  std::shared_ptr<void> take(std::uint64_t amount, const std::string& holder = {},
                             std::chrono::milliseconds patience = {});

 private:
  bool has_left(std::uint64_t amount, const std::string& holder) const;  // with the mutex held
  void give_back(std::uint64_t amount, const std::string& holder);

  std::mutex mutex_;
  std::condition_variable given_back_;
  std::uint64_t most_;
  std::uint64_t of_one_;
  std::uint64_t taken_ = 0;
  std::map<std::string, std::uint64_t> by_holder_;
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
