#include "backupd/kept_report.h"

#include <string>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"

namespace backupd {

void keep_report(const base::Environment& environment, std::string_view job,
                 std::string_view document) {
  const base::Path reports = environment.config.store.index / "reports";
  try {
    base::make_directories(environment.files, reports);
    base::write_file(environment.files, reports / (std::string(job) + ".json"),
                     base::as_bytes(document), base::OnExisting::kReplace);
  } catch (const base::Error& error) {
    if (!base::is_file_trouble(error.code())) throw;
    base::log_warning("{}: the report of {} is not kept", error.what(), job);
  }
}

}  // namespace backupd
