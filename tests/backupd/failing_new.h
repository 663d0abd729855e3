// Makes one allocation of a test program fail, for tests of what running out of memory does. Linked
// into a program, failing_new.cc replaces operator new.
#pragma once

#include <cstdint>

namespace tests {

// While it exists, the allocations of all threads are counted, and the one with this number, from
// 1, fails with std::bad_alloc; 0: none fails. One at a time.
class FailingNew {
 public:
  explicit FailingNew(std::uint64_t number);
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;
  ~FailingNew();

  std::uint64_t counted() const;
};

// The allocations of this thread are neither counted nor fail while it exists.
class SparedFromFailing {
 public:
  SparedFromFailing();
  SparedFromFailing(const SparedFromFailing&) = delete;
  SparedFromFailing& operator=(const SparedFromFailing&) = delete;
  ~SparedFromFailing();
};

}  // namespace tests
