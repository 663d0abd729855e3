#include "tests/backupd/failing_new.h"

#include <atomic>
#include <cstdlib>
#include <new>

// An allocation function owns nothing, and has nothing but malloc() below it.
// NOLINTBEGIN(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)

namespace tests {

namespace {

std::atomic<bool> is_armed = false;
std::atomic<std::uint64_t> allocations = 0;
std::atomic<std::uint64_t> failing_number = 0;
thread_local int spared = 0;

bool fails_now() {
  if (!is_armed.load(std::memory_order_relaxed) || spared > 0) return false;
  return ++allocations == failing_number;
}

void* allocate_or_null(std::size_t size) {
  return fails_now() ? nullptr : std::malloc(size == 0 ? 1 : size);
}

void* allocate(std::size_t size) {
  void* const memory = allocate_or_null(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

FailingNew::FailingNew(std::uint64_t number) {
  allocations = 0;
  failing_number = number;
  is_armed = true;
}

FailingNew::~FailingNew() {
  is_armed = false;
}

std::uint64_t FailingNew::counted() const {
  return allocations;
}

SparedFromFailing::SparedFromFailing() {
  ++spared;
}

SparedFromFailing::~SparedFromFailing() {
  --spared;
}

}  // namespace tests

void* operator new(std::size_t size) {
  return tests::allocate(size);
}
void* operator new[](std::size_t size) {
  return tests::allocate(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return tests::allocate_or_null(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return tests::allocate_or_null(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

// NOLINTEND(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)
