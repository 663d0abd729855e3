// mailstow-backupd run: starts each job when it is due, as a separate process, and waits.
//
// The daemon itself neither reads nor writes the store: either a job of the daemon or a command
// typed by hand holds it, and the other waits. So an error in a job ends only that job, and the
// memory use of the daemon does not grow.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "backupd/daemon/control_socket.h"
#include "backupd/daemon/job_process.h"
#include "backupd/daemon/job_table.h"
#include "backupd/daemon/loan_desk.h"
#include "backupd/daemon/metrics_server.h"
#include "backupd/daemon/progress_report.h"
#include "base/exit_status.h"
#include "base/program/program.h"

namespace backupd {

class Daemon {
 public:
  // `config_path` is read again at SIGHUP. Blocks the signals that the daemon waits for, so no
  // other thread may run yet. Fails with kBusy if a daemon already runs for the store, kConfig,
  // kNotFound, kKey.
  Daemon(const base::Environment& environment, const base::Path& config_path);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  // Runs until SIGTERM or SIGINT: then running jobs get SIGTERM, and SIGKILL after 25 s.
  void run();

 private:
  struct RunningJob {
    std::unique_ptr<JobProcess> process;
    ProgressListener progress;
  };

  void read_config();
  void try_store() const;
  void reload();
  RunningJob begin(const std::vector<std::string>& command, const base::Path& output) const;
  void start(Job job);
  void collect_ended();
  void save_starts();
  void report_crashed_jobs();
  bool is_idle() const { return jobs_->is_idle() && !reporter_; }
  void wait();
  void handle_signal(int number);
  void stop();
  void signal_all(int number) const;
  void serve(ControlCall call);
  nlohmann::ordered_json start_requested(const StartRequest& request);
  nlohmann::ordered_json describe() const;
  std::chrono::sys_seconds now() const;

  const base::Environment& environment_;
  base::Path config_path_;
  base::Config config_;
  base::Fd config_text_;  // the validated configuration, which jobs run with
  double delay_;
  std::unique_ptr<base::FileLock> lock_;
  base::Fd signals_;
  std::optional<JobTable> jobs_;  // empty until the configuration was first read
  std::optional<ControlSocket> control_;
  LoanDesk loans_;
  std::map<Job, RunningJob> running_;
  std::optional<RunningJob>
      reporter_;                // reports what was not reported yet, such as a job that crashed
  bool has_unreported_ = true;  // by jobs of earlier daemons, too
  std::chrono::sys_seconds started_{};
  std::optional<std::chrono::milliseconds> watchdog_;
  std::optional<std::chrono::steady_clock::time_point>
      deadline_;  // set once the daemon is stopping
  std::string last_summary_;
  MetricsService metrics_;
};

}  // namespace backupd
