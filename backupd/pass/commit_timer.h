// Commits finished accounts and fetched mail while all threads wait for servers.
#pragma once

#include <chrono>
#include <exception>
#include <mutex>
#include <stop_token>
#include <thread>

#include "backupd/pass/commit_schedule.h"
#include "store/writer.h"

namespace backupd {

// A thread that uses the schedule with the turn at the store. After an error of a commit the writer
// refuses further work, which ends the run: finish() has the reason.
class CommitTimer {
 public:
  static constexpr std::chrono::seconds kInterval{15};

  // All must outlive it.
  CommitTimer(CommitSchedule& schedule, std::mutex& store, const store::Writer& writer,
              std::chrono::milliseconds interval = kInterval);

  // Without the turn: ends the thread, and throws the error that left the writer unusable.
  void finish();

 private:
  void run(const std::stop_token& end);

  CommitSchedule& schedule_;
  std::mutex& store_;
  const store::Writer& writer_;
  std::chrono::milliseconds interval_;
  std::exception_ptr error_;  // written by the thread
  std::jthread thread_;       // last: it uses the others
};

}  // namespace backupd
