// Restores that are going on. A restore is a program of its own and outlives the desk: when the
// desk is started again it finds it by its lock, and by the tree's record, which names the job.
//
// A request that is sent again never restores twice: its key is durable before the program is
// started, and a program that ended early is started again for the tree that it had begun.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/handle.h"
#include "restore/desk/children.h"
#include "restore/desk/ledger.h"

namespace desk {

// Thread-safe.
class Jobs {
 public:
  static constexpr std::size_t kMaxRunning = 4;
  static constexpr std::size_t kMaxReport = std::size_t{256} << 10U;  // bytes that are kept
  static constexpr std::size_t kMaxCommand = std::size_t{8} << 10U;   // the same of a command line

  // `directory` is for the locks and reports; it is created.
  Jobs(Ledger& ledger, Children& children, base::FileSystem& files, base::Clock& clock,
       base::Path directory);
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;
  ~Jobs();  // parks, and waits for the restores of this process

  // Asks the restores of this process to stop at a safe point, and starts no further ones.
  void park();

  // To be called once: finds the restores that an earlier desk started, and removes the files of
  // jobs that it has forgotten.
  void find_again();

  // Forgets old jobs and everything else that the ledger no longer needs.
  void forget_old();

  // Starts the job, unless there is already one of its account, person and key that was made at
  // `since` or later: then the result is that one, which is completed if it was interrupted. Fails
  // with kBusy if too many run.
  Job start(const Job& wanted, std::chrono::sys_seconds since);

  // The current state of the job; nullopt if the account has no such job.
  std::optional<Job> find(const std::string& account, const std::string& id);

  // The last event of a running job as JSON; null before the first one.
  nlohmann::ordered_json progress(const std::string& id) const;

  // Asks a running restore of this process to stop. It can be completed later. False if it does not
  // run, or an earlier desk started it.
  bool stop(const std::string& id);

  std::size_t running(const std::string& account) const;

 private:
  struct Running {
    pid_t group = 0;  // 0: an earlier desk started it
    std::string account;
    std::string last_event;  // JSON
  };
  struct Outcome {
    std::optional<int> exit_status;  // nullopt: unknown
  };

  base::Path lock_file(const std::string& id) const;
  base::Path report_file(const std::string& id) const;
  base::Fd try_lock(const std::string& id) const;  // closed if the job's program runs
  void remove_files(const std::string& id);
  void launch(const Job& job, base::Fd lock);
  void follow(base::Child child, base::Fd progress, const Job& job);
  void wait_for_other(const Job& job);
  void settle(const Job& job, Outcome outcome);
  // Or, if its end can't be found out, leaves it to the same request, sent again.
  void settle_or_interrupt(const Job& job, Outcome outcome);
  nlohmann::ordered_json tree_of(const Job& job);
  void begin(const Job& job, pid_t group);
  // Before the end is noted: what is noted as interrupted may begin again at once.
  void end(const std::string& id);
  void leave();  // the last action of a job's thread
  std::string read_report(const std::string& id) const;

  Ledger& ledger_;
  Children& children_;
  base::FileSystem& files_;
  base::Clock& clock_;
  base::Path directory_;
  mutable std::mutex mutex_;
  std::mutex starting_;  // one job is started at a time
  std::condition_variable has_ended_;
  std::map<std::string, Running> running_;  // by id
  std::size_t threads_ = 0;
  bool is_stopping_ = false;
};

}  // namespace desk
