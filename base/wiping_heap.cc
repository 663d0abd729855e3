#include "base/wiping_heap.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include <malloc.h>
#include <string.h>

// An allocation function owns nothing, and has nothing but malloc() below it.
// NOLINTBEGIN(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)

namespace base {

namespace {

std::atomic<bool> wipes_freed = false;

void* allocate_or_null(std::size_t size) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}

void* allocate(std::size_t size) {
  for (;;) {
    if (void* const memory = allocate_or_null(size)) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void free_wiped(void* memory) noexcept {
  if (memory != nullptr && wipes_freed.load(std::memory_order_relaxed)) {
    ::explicit_bzero(memory, ::malloc_usable_size(memory));
  }
  std::free(memory);
}

}  // namespace

void wipe_freed_memory() {
  wipes_freed = true;
}

[[gnu::noinline]] void wipe_returned_frames() {
  std::array<char, std::size_t{32} << 10U> same_place;  // NOLINT(*-member-init)
  ::explicit_bzero(same_place.data(), same_place.size());
}

}  // namespace base

void* operator new(std::size_t size) {
  return base::allocate(size);
}
void* operator new[](std::size_t size) {
  return base::allocate(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return base::allocate_or_null(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return base::allocate_or_null(size);
}
void operator delete(void* memory) noexcept {
  base::free_wiped(memory);
}
void operator delete[](void* memory) noexcept {
  base::free_wiped(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  base::free_wiped(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  base::free_wiped(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  base::free_wiped(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  base::free_wiped(memory);
}

// NOLINTEND(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)
