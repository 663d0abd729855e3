// The waiting time before a server or a storage is tried again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace base {

class BackOff {
 public:
  using Steady = std::chrono::steady_clock;

  // Gives up once `limit` has passed since the first failure after which nothing new was received.
  // `seed` differs between clients, so that those that fail together do not all retry together.
  BackOff(std::chrono::milliseconds limit, std::uint32_t seed) : limit_(limit), random_(seed) {}

  // Returns the pause after a failure at `now`: at most half a second, doubled each time up to a
  // minute, plus the time that the server asked for. Returns nullopt when it is time to give up.
  std::optional<std::chrono::milliseconds> next(Steady::time_point now,
                                                std::optional<std::chrono::milliseconds> asked_for);

  // To be called when something new was received.
  void reset();

 private:
  std::chrono::milliseconds limit_;
  std::mt19937 random_;
  int failures_ = 0;
  Steady::time_point first_;
};

}  // namespace base
