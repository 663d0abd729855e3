#include "backupd/report/kept_report.h"

#include <string>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"

namespace backupd {

base::Path kept_report_path(const base::StoreConfig& store, std::string_view name) {
  return store.index / "reports" / (std::string(name) + ".json");
}

void keep_report(const base::Environment& environment, std::string_view job,
                 std::string_view document) {
  const base::Path report = kept_report_path(environment.config.store, job);
  try {
    base::make_directories(environment.files, report.parent_path());
    base::write_file(environment.files, report, base::as_bytes(document),
                     base::OnExisting::kReplace);
  } catch (const base::Error& error) {
    if (!base::is_file_trouble(error.code())) throw;
    base::log_warning("{}: the report of {} is not kept", error.what(), job);
  }
}

}  // namespace backupd
