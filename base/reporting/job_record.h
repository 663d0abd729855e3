// What became of the last run of a job (backup, prune, check, sweep, drill), whoever started it: a
// timer, the daemon, somebody by hand. A small file for each beside the index, for reports, metrics
// and `status`; lost, they say less until the job has run again.
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

inline constexpr std::array<std::string_view, 5> kJobNames = {"backup", "prune", "check", "sweep",
                                                              "drill"};

struct JobRecord {
  std::string job;
  std::chrono::sys_seconds started{};
  std::optional<std::chrono::sys_seconds> ended;  // nothing: it runs, or died
  std::optional<int> status;                      // the exit status; nothing: it runs, or died
  std::string error;                              // what ended it early; escaped
  std::optional<std::chrono::sys_seconds> last_success;  // when it last ended with 0
  std::string details = "null";  // a JSON document of the job's own: what metrics say of the run

  // Of mail about trouble (base/reporting/trouble_memory.h).
  std::vector<std::string> told;
  std::optional<std::chrono::sys_seconds> told_at;
  std::string mail_error;  // why the last mail about it could not be sent; escaped

  bool operator==(const JobRecord&) const = default;
};

// Nothing if it never ran, or the file is damaged.
std::optional<JobRecord> load_job_record(FileSystem& files, const StoreConfig& store,
                                         std::string_view job);

// All there are, in the order of kJobNames.
std::vector<JobRecord> load_job_records(FileSystem& files, const StoreConfig& store);

// Atomic. Fails with kIo or kNoSpace.
void save_job_record(FileSystem& files, const StoreConfig& store, const JobRecord& record);

// Held by who runs the job and writes its record: that one is not ended and this can be had means
// that it died. Nothing if another process holds it.
std::unique_ptr<FileLock> lock_job(FileSystem& files, const StoreConfig& store,
                                   std::string_view job);

}  // namespace base
