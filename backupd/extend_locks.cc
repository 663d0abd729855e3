// Extends the object locks of the store.
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/job.h"
#include "base/json_text.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "store/format/location.h"
#include "store/lock_extension.h"

namespace backupd {

namespace {

base::JobOutcome carry_out_extension(const base::Environment& environment) {
  base::stop_on_request(base::OnStop::kContinue);
  const store::Location location = store::location_of(environment.config.store);
  const std::chrono::sys_seconds started = environment.clock.now_seconds();
  const store::LockExtensionReport report = store::extend_locks(location, environment.files);
  const bool is_complete = report.troubles.empty();
  if (is_complete) store::note_lock_extension(location, environment.files, started);
  base::JobOutcome outcome;
  for (const std::string& line : report.troubles) {
    outcome.troubles.push_back(base::escape_for_terminal(line));
    outcome.text += "Trouble: " + outcome.troubles.back() + "\n";
  }
  outcome.text += fmt::format("Extended {}; {} last long enough.\n",
                              base::format_count(report.extended, "lock"),
                              base::format_count(report.lasting, "lock"));
  outcome.status = is_complete ? base::ExitStatus::kDone : base::ExitStatus::kPartial;
  outcome.document = base::json_text({{"status", is_complete ? "complete" : "partial"},
                                      {"extended", report.extended},
                                      {"lasting", report.lasting},
                                      {"troubles", report.troubles}});
  outcome.details = base::json_line({{"extended", report.extended}, {"lasting", report.lasting}});
  base::print_report(environment.format, outcome.document, outcome.text);
  return outcome;
}

}  // namespace

base::ExitStatus extend_locks(const base::Environment& environment) {
  return base::JobRun(environment, "extend-locks", job_services(environment)).carry_out([&] {
    return carry_out_extension(environment);
  });
}

base::Command extend_locks_command() {
  return {.name = "extend-locks",
          .help = "Extend the object locks of a store in a bucket",
          .function = extend_locks};
}

}  // namespace backupd
