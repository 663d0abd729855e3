#include "imap/wait_budget.h"

#include <algorithm>
#include <limits>

namespace imap {

namespace {

std::uint64_t bytes_worth(std::chrono::milliseconds time) {
  constexpr std::uint64_t kPerMillisecond = WaitBudget::kNeedlessBytesPerSecond / 1'000;
  const auto milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
  return std::min(milliseconds, std::numeric_limits<std::uint64_t>::max() / kPerMillisecond) *
         kPerMillisecond;
}

}  // namespace

WaitBudget::WaitBudget(Milliseconds whole, const base::Clock& clock)
    : whole_(whole), whole_bytes_(std::max(bytes_worth(whole), kMinNeedlessBytes)), clock_(clock) {}

WaitBudget::Steady::duration WaitBudget::used_by_now() const {
  return waiting_ > 0 ? used_ + (clock_.steady_now() - since_) : used_;
}

WaitBudget::Milliseconds WaitBudget::left() const {
  const std::lock_guard lock(mutex_);
  return whole_ - std::chrono::floor<Milliseconds>(used_by_now());
}

bool WaitBudget::is_flooded() const {
  const std::lock_guard lock(mutex_);
  return used_bytes_ > whole_bytes_;
}

void WaitBudget::bytes_arrived(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  used_bytes_ += bytes;
}

void WaitBudget::bytes_wanted(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  give_back_bytes(bytes);
}

void WaitBudget::give_back(Milliseconds worth) {
  const std::lock_guard lock(mutex_);
  give_back_time(worth);
  give_back_bytes(bytes_worth(worth));
}

void WaitBudget::spare(Milliseconds stopped) {
  const std::lock_guard lock(mutex_);
  give_back_time(stopped);
}

void WaitBudget::give_back_time(Milliseconds worth) {
  used_ = std::max(used_by_now() - Steady::duration(worth), Steady::duration(0));
  if (waiting_ > 0) since_ = clock_.steady_now();
}

void WaitBudget::give_back_bytes(std::uint64_t bytes) {
  used_bytes_ -= std::min(bytes, used_bytes_);
}

void WaitBudget::message_arrived(std::uint64_t bytes) {
  constexpr std::uint64_t kMaxCounted = std::numeric_limits<std::uint32_t>::max();
  const auto seconds = static_cast<std::int64_t>(std::min(bytes, kMaxCounted) / kBytesPerSecond);
  give_back(kMessageWorth + std::chrono::seconds(seconds));
}

WaitBudget::Steady::time_point WaitBudget::begin() {
  const std::lock_guard lock(mutex_);
  const Steady::time_point now = clock_.steady_now();
  if (waiting_++ == 0) since_ = now;
  return now;
}

WaitBudget::Steady::time_point WaitBudget::end() {
  const std::lock_guard lock(mutex_);
  if (waiting_ == 1) used_ = used_by_now();
  --waiting_;
  return clock_.steady_now();
}

}  // namespace imap
