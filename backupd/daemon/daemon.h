// mailstow-backupd run: starts each job when it is due, as a program of its own, and waits.
//
// The daemon itself reads and writes nothing of the store: whoever works holds it, the daemon's job
// or a command typed by hand, and the other one waits. So an error in a job ends that job, and the
// daemon's memory stays what it was on the first day.
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
  // `config_path`: read again at SIGHUP. Blocks the signals that it waits for, so no thread may run
  // yet. Fails with kBusy if a daemon runs for the store already, kConfig, kNotFound, kKey.
  Daemon(const base::Environment& environment, const base::Path& config_path);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  // Until SIGTERM or SIGINT: jobs that run are asked to end, and after 25 s made to.
  void run();

 private:
  struct RunningJob {
    std::unique_ptr<JobProcess> process;
    ProgressListener progress;
  };

  void read_config();
  void reload();
  RunningJob begin(const std::vector<std::string>& command, const base::Path& output) const;
  void start(Job job);
  void collect_ended();
  void save_starts();
  void tell_what_is_left();
  bool is_idle() const { return jobs_->is_idle() && !teller_; }
  void wait();
  void handle_signal(int number);
  void stop();
  void signal_all(int number) const;
  void serve(ControlCall call);
  nlohmann::ordered_json carry_out(const StartRequest& request);
  nlohmann::ordered_json describe() const;
  std::chrono::sys_seconds now() const;

  const base::Environment& environment_;
  base::Path config_path_;
  base::Config config_;
  base::Fd config_text_;  // as it was validated: what jobs are run with
  double delay_;
  std::unique_ptr<base::FileLock> lock_;
  base::Fd signals_;
  std::optional<JobTable> jobs_;  // nothing until the configuration was read first
  std::optional<ControlSocket> control_;
  LoanDesk loans_;
  std::map<Job, RunningJob> running_;
  std::optional<RunningJob> teller_;  // tells of what nobody told: of a job that crashed, say
  bool is_more_to_tell_ = true;       // earlier daemons' too
  std::chrono::sys_seconds started_{};
  std::optional<std::chrono::milliseconds> watchdog_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;  // set once it stops
  std::string last_summary_;
  std::unique_ptr<MetricsServer> metrics_;
};

}  // namespace backupd
