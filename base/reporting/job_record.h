// The result of a job's last run (backup, prune, check, sweep, drill, copy, extend-locks), whether
// a timer, the daemon or a user started it. One small file for each job beside the index, for
// reports, metrics and `status`; if it is lost, these show less until the job has run again.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/store_config.h"
#include "base/file_system.h"

namespace base {

inline constexpr std::array<std::string_view, 7> kJobNames = {
    "backup", "prune", "check", "sweep", "drill", "copy", "extend-locks"};

struct JobRecord {
  std::string job;
  std::chrono::sys_seconds started{};
  std::optional<std::chrono::sys_seconds> ended;  // nullopt: it is running, or died
  std::optional<int> status;  // the exit status; nullopt: it is running, or died
  std::string error;          // the error that ended it early; escaped
  std::optional<std::chrono::sys_seconds> last_success;  // when it last ended with 0
  std::string details = "null";  // a job-specific JSON document: the source of the run's metrics

  // State of mail about trouble (base/reporting/trouble_memory.h).
  std::vector<std::string> reported;
  std::optional<std::chrono::sys_seconds> reported_at;
  std::string mail_error;  // why the last mail about it could not be sent; escaped

  bool operator==(const JobRecord&) const = default;
};

// Returns nullopt if the job never ran, or the file is damaged.
std::optional<JobRecord> load_job_record(FileSystem& files, const StoreConfig& store,
                                         std::string_view job);

// All records that exist, in the order of kJobNames.
std::vector<JobRecord> load_job_records(FileSystem& files, const StoreConfig& store);

// Atomic. Fails with kIo or kNoSpace.
void save_job_record(FileSystem& files, const StoreConfig& store, const JobRecord& record);

// Locked while the job runs and its record is written: an unfinished record whose lock is free
// means that the job died. Returns nullptr if another process holds the lock.
std::unique_ptr<FileLock> lock_job(FileSystem& files, const StoreConfig& store,
                                   std::string_view job);

}  // namespace base
