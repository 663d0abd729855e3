// A clock of which a pause takes no real time. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

#include "base/clock.h"

namespace backupd {

class HastyClock : public base::Clock {
 public:
  base::TimePoint now() const override { return base::system_clock().now() + ahead(); }
  std::chrono::steady_clock::time_point steady_now() const override {
    return base::system_clock().steady_now() + ahead();
  }
  void sleep_for(std::chrono::milliseconds duration) override {
    ahead_ += duration.count();
    const std::lock_guard lock(mutex_);
    pauses_.push_back(duration);
  }

  // How far it is ahead of the system's clock.
  std::chrono::milliseconds ahead() const { return std::chrono::milliseconds(ahead_); }
  void set_ahead(std::chrono::milliseconds ahead) { ahead_ = ahead.count(); }

  // Only while no other thread sleeps.
  const std::vector<std::chrono::milliseconds>& pauses() const { return pauses_; }
  void forget_pauses() { pauses_.clear(); }

 private:
  std::atomic<std::chrono::milliseconds::rep> ahead_{0};
  std::mutex mutex_;
  std::vector<std::chrono::milliseconds> pauses_;
};

}  // namespace backupd
