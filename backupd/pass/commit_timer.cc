#include "backupd/pass/commit_timer.h"

#include <condition_variable>
#include <exception>

#include "backupd/pass/store_turn.h"
#include "base/log.h"

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
    try {
      const StoreTurn turn(store_);
      if (!writer_.is_usable()) return;
      schedule_.commit_if_worthwhile();
    } catch (const std::exception& error) {
      base::log_error("commit: {}", error.what());
    }
  }
}

}  // namespace backupd
