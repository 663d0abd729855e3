// How the daemon hears how far its backup is: a datagram now and then, over a pair of sockets whose
// other end the job has from its start. A job that nobody listens to any more goes on all the same.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include <nlohmann/json_fwd.hpp>

#include "backupd/pass/pass_progress.h"
#include "base/handle.h"
#include "base/program/program.h"

namespace backupd {

// The daemon's end.
class ProgressListener {
 public:
  ProgressListener();  // fails with kIo

  int fd() const { return ours_.get(); }
  int job_end() const { return job_end_.get(); }  // for the job to inherit
  void close_job_end() { job_end_ = base::Fd(); }

  // Takes in what has come.
  void listen(std::chrono::steady_clock::time_point now);

  // As `status --json` shows it; null until something came.
  nlohmann::ordered_json describe(std::chrono::steady_clock::time_point now) const;

 private:
  base::Fd ours_;
  base::Fd job_end_;
  std::optional<TimedProgress> last_;
  std::chrono::steady_clock::time_point last_came_{};
};

// The job's end. A thread of its own sends, so that what came last is told before a long silence.
class ProgressTeller {
 public:
  // Tells nobody unless this is a job of the daemon. Before any connection is opened.
  explicit ProgressTeller(const base::Environment& environment);

  // Twice a second at most somebody hears of it.
  void tell(const PassProgress& progress, std::chrono::steady_clock::duration elapsed);

 private:
  void send_until(const std::stop_token& end);

  std::mutex mutex_;
  std::condition_variable_any is_news_;
  std::optional<TimedProgress> news_;
  std::jthread sender_;  // last: it uses the others
};

}  // namespace backupd
