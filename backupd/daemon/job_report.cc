#include "backupd/daemon/job_report.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/exit_status.h"
#include "base/log.h"
#include "base/program/program.h"

namespace backupd {

namespace {

std::string describe_end(int status) {
  return status > 128 ? fmt::format("ended by signal {}", status - 128)
                      : fmt::format("exit status {}", status);
}

// A job that was stopped before its report has printed nothing, or only that it was stopped.
bool has_report(base::FileSystem& files, const base::Path& printed) {
  constexpr std::size_t kMaxErrorDocument = std::size_t{64} << 10;
  if (files.open(printed)->size() > kMaxErrorDocument) return true;
  const auto bytes = base::read_file(files, printed, kMaxErrorDocument);
  return bytes && !bytes->empty() && !base::is_error_document(base::as_text(*bytes));
}

}  // namespace

std::string report_name(Job job, BackupScope scope) {
  const std::string name(job_name(job));
  return scope == BackupScope::kAllAccounts ? name : name + "-accounts";
}

base::Path running_report_of(const base::StoreConfig& store, Job job) {
  return kept_report_path(store, job_name(job)).string() + ".running";
}

void publish_report(base::FileSystem& files, const base::StoreConfig& store, Job job,
                    BackupScope scope, const JobEnd& end) {
  const std::string_view name = job_name(job);
  const base::Path report = kept_report_path(store, report_name(job, scope));
  const base::Path running = running_report_of(store, job);
  try {
    if (end.was_stopped && !has_report(files, running)) {
      files.remove(running);
    } else {
      files.rename(running, report, base::OnExisting::kReplace);
    }
  } catch (const base::Error& error) {
    base::log_error("{}: {}", name, error.what());
  }
  if (end.status == static_cast<int>(base::ExitStatus::kDone)) {
    base::log_info("{}: done", name);
  } else if (end.was_stopped) {
    base::log_info("{}: stopped: the next run continues", name);
  } else if (end.status == static_cast<int>(base::ExitStatus::kPartial)) {
    base::log_warning("{}: not everything succeeded: see {}", name, report.string());
  } else {
    base::log_error("{}: {}", name, describe_end(end.status));
  }
}

}  // namespace backupd
