// The jobs that the daemon runs by itself, each as a separate process.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace backupd {

enum class Job { kBackup, kPrune, kCheck, kSweep, kDrill, kCopy, kExtendLocks };

inline constexpr std::array kJobs = {Job::kBackup, Job::kPrune, Job::kCheck,      Job::kSweep,
                                     Job::kDrill,  Job::kCopy,  Job::kExtendLocks};

constexpr std::string_view job_name(Job job) {
  switch (job) {
    case Job::kBackup:
      return "backup";
    case Job::kPrune:
      return "prune";
    case Job::kCheck:
      return "check";
    case Job::kSweep:
      return "sweep";
    case Job::kDrill:
      return "drill";
    case Job::kCopy:
      return "copy";
    case Job::kExtendLocks:
      return "extend-locks";
  }
  return "";
}

constexpr std::optional<Job> job_of(std::string_view name) {
  for (const Job job : kJobs) {
    if (job_name(job) == name) return job;
  }
  return std::nullopt;
}

// Whether the job needs the store exclusively for its whole run (store/format/writer_lock.h). A
// sweep holds the lock only for moments.
constexpr bool is_writer(Job job) {
  return job == Job::kBackup || job == Job::kPrune;
}

}  // namespace backupd
