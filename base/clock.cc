#include "base/clock.h"

#include <algorithm>
#include <ctime>
#include <thread>

#include <poll.h>

#include "base/stop_request.h"

namespace base {

namespace {

constexpr std::chrono::milliseconds kMaxPoll{60'000};

class SystemClock : public Clock {
 public:
  TimePoint now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::now();
  }
  std::chrono::seconds since_start() const override {
    timespec time{};
    if (::clock_gettime(CLOCK_BOOTTIME, &time) != 0) return Clock::since_start();
    return std::chrono::seconds(time.tv_sec);
  }
  void sleep_for(std::chrono::milliseconds duration) override {
    if (stop_descriptor() < 0) return std::this_thread::sleep_for(duration);
    const auto end = steady_now() + duration;
    for (auto left = duration; left.count() > 0;
         left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_now())) {
      pollfd stop{stop_descriptor(), POLLIN, 0};
      ::poll(&stop, 1, static_cast<int>(std::min(left, kMaxPoll).count()));
      stop_if_requested("wait", "it did not complete");
    }
  }
};

}  // namespace

std::chrono::seconds Clock::since_start() const {
  return std::chrono::floor<std::chrono::seconds>(steady_now().time_since_epoch());
}

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace base
