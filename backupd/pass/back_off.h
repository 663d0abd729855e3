// How long to wait before a server is tried again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace backupd {

class BackOff {
 public:
  using Steady = std::chrono::steady_clock;

  // Gives up when `limit` has passed since the first failure behind which nothing new came. `seed`:
  // those who fail at the same moment shall not all come back at the same moment.
  BackOff(std::chrono::milliseconds limit, std::uint32_t seed) : limit_(limit), random_(seed) {}

  // After a failure at `now`: half a second at most, twice as long each time, up to a minute; and
  // before that as long as the server asked for. Nothing: it is time to give up.
  std::optional<std::chrono::milliseconds> next(Steady::time_point now,
                                                std::optional<std::chrono::milliseconds> asked_for);

  // Something new came.
  void reset();

 private:
  std::chrono::milliseconds limit_;
  std::mt19937 random_;
  int failures_ = 0;
  Steady::time_point first_;
};

}  // namespace backupd
