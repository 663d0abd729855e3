#include "backupd/pass/commit_timer.h"

#include <condition_variable>
#include <utility>

#include "backupd/pass/store_turn.h"

namespace backupd {

CommitTimer::CommitTimer(CommitSchedule& schedule, std::mutex& store, const store::Writer& writer,
                         std::chrono::milliseconds interval)
    : schedule_(schedule), store_(store), writer_(writer), interval_(interval) {
  thread_ = std::jthread([this](const std::stop_token& end) { run(end); });
}

void CommitTimer::run(const std::stop_token& end) {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::unique_lock lock(mutex);
  while (!end.stop_requested()) {
    ended.wait_for(lock, end, interval_, [] { return false; });
    if (end.stop_requested()) return;
    const StoreTurn turn(store_);
    if (!writer_.is_usable()) return;
    try {
      schedule_.commit_if_worthwhile();
    } catch (...) {
      // Otherwise memory ran out: the next commit may succeed.
      if (!writer_.is_usable()) error_ = std::current_exception();
    }
  }
}

void CommitTimer::finish() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

}  // namespace backupd
