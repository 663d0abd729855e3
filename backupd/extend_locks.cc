// Extends the object locks of the store.
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "base/json_text.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "store/format/location.h"
#include "store/maintenance/lock_extension.h"

namespace backupd {

base::ExitStatus extend_locks(const base::Environment& environment) {
  base::stop_on_request(base::OnStop::kContinue);
  const store::Location location = store::location_of(environment.config.store);
  const std::chrono::sys_seconds started = environment.clock.now_seconds();
  const store::LockExtensionReport report = store::extend_locks(location, environment.files);
  const bool is_complete = report.troubles.empty();
  if (is_complete) store::note_lock_extension(location, environment.files, started);
  std::string text;
  for (const std::string& line : report.troubles) {
    text += "Trouble: " + base::escape_for_terminal(line) + "\n";
  }
  text += fmt::format("Extended {}; {} last long enough.\n",
                      base::format_count(report.extended, "lock"),
                      base::format_count(report.lasting, "lock"));
  base::print_report(environment.format,
                     base::json_text({{"status", is_complete ? "complete" : "partial"},
                                      {"extended", report.extended},
                                      {"lasting", report.lasting},
                                      {"troubles", report.troubles}}),
                     text);
  return is_complete ? base::ExitStatus::kDone : base::ExitStatus::kPartial;
}

base::Command extend_locks_command() {
  return {.name = "extend-locks",
          .help = "Extend the object locks of a store in a bucket",
          .is_audited = base::always,
          .function = extend_locks};
}

}  // namespace backupd
