#include "imap/wait_budget.h"

#include <algorithm>
#include <limits>

namespace imap {

WaitBudget::WaitBudget(Milliseconds whole, const base::Clock& clock)
    : whole_(whole), clock_(clock) {}

WaitBudget::Steady::duration WaitBudget::used_by_now() const {
  return waiting_ > 0 ? used_ + (clock_.steady_now() - since_) : used_;
}

WaitBudget::Milliseconds WaitBudget::left() const {
  const std::lock_guard lock(mutex_);
  return whole_ - std::chrono::floor<Milliseconds>(used_by_now());
}

void WaitBudget::give_back(Milliseconds worth) {
  const std::lock_guard lock(mutex_);
  used_ = std::max(used_by_now() - Steady::duration(worth), Steady::duration(0));
  if (waiting_ > 0) since_ = clock_.steady_now();
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
