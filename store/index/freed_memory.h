// The memory of large blocks.
#pragma once

#include <malloc.h>

namespace store {

// Blocks of many megabytes come and go in several threads. By default, glibc keeps such memory for
// the next one, which takes half as much again at the peak; to return it costs no time that can be
// measured. For the whole process, from this call on.
inline void return_freed_memory() {
  constexpr int kReturnedFrom = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kReturnedFrom);
}

}  // namespace store
