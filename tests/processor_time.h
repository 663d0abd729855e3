// The processor time of the calling thread. Tests compare it where they bound work: a loaded
// machine gives the time of the clock to other processes.
#pragma once

#include <chrono>
#include <ctime>

namespace tests {

// Only the difference of two calls by the same thread has a meaning.
inline std::chrono::nanoseconds processor_time() {
  std::timespec used{};
  static_cast<void>(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used));
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace tests
