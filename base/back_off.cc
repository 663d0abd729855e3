#include "base/back_off.h"

#include <algorithm>

namespace base {

namespace {

constexpr std::chrono::milliseconds kMinPause{500};
constexpr std::chrono::milliseconds kMaxPause = std::chrono::minutes(1);

}  // namespace

std::optional<std::chrono::milliseconds> BackOff::next(
    Steady::time_point now, std::optional<std::chrono::milliseconds> asked_for) {
  if (failures_++ == 0) first_ = now;
  std::chrono::milliseconds pause = kMinPause;
  for (int failure = 1; failure < failures_ && pause < kMaxPause; ++failure) pause *= 2;
  pause = std::min(pause, kMaxPause);
  // A random time between half the pause and all of it.
  std::uniform_int_distribution<std::int64_t> jitter(pause.count() / 2, pause.count());
  pause = std::chrono::milliseconds(jitter(random_));
  // A request earlier than the server asked for would only be refused again.
  pause += asked_for.value_or(std::chrono::milliseconds(0));
  if (now + pause - first_ > limit_) return std::nullopt;
  return pause;
}

void BackOff::reset() {
  failures_ = 0;
}

}  // namespace base
