// Progress of a backup, reported to the daemon: occasional datagrams over a socket pair whose other
// end the job inherits. A job whose daemon no longer listens continues anyway.
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

  // Reads the reports that have arrived.
  void listen(std::chrono::steady_clock::time_point now);

  // The progress as `status --json` shows it; null until a report has arrived.
  nlohmann::ordered_json describe(std::chrono::steady_clock::time_point now) const;

 private:
  base::Fd ours_;
  base::Fd job_end_;
  std::optional<TimedProgress> last_;
  std::chrono::steady_clock::time_point last_came_{};
};

// The job's end. It sends on its own thread, so that the latest progress is reported even before a
// long silence.
class ProgressReporter {
 public:
  // Sends nothing unless this process is a job of the daemon. Construct before any connection is
  // opened.
  explicit ProgressReporter(const base::Environment& environment);

  // Sends at most two reports a second; only the latest is kept in between.
  void report(const PassProgress& progress, std::chrono::steady_clock::duration elapsed);

 private:
  void send_until(const std::stop_token& end);

  std::mutex mutex_;
  std::condition_variable_any has_pending_;
  std::optional<TimedProgress> pending_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace backupd
