// For tests of what begins again each day, which must not begin at the end of one.
#pragma once

#include <chrono>
#include <thread>

namespace tests {

// Waits for the next day if this one, in UTC, ends within a minute.
inline void wait_past_midnight() {
  const auto now = std::chrono::system_clock::now();
  const auto end = std::chrono::ceil<std::chrono::days>(now);
  if (end - now < std::chrono::minutes(1)) std::this_thread::sleep_until(end);
}

}  // namespace tests
