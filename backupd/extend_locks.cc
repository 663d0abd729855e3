// Extends the object locks of the store and its copies.
#include <algorithm>
#include <iterator>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/job.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "store/copies/copy_locks.h"
#include "store/copies/copy_place.h"
#include "store/format/location.h"
#include "store/lock_extension.h"

namespace backupd {

namespace {

// Adds what `work` reports. A bucket that fails does not keep the others from being locked.
template <typename Work>
void add_report(store::LockExtensionReport& all, const Work& work) {
  try {
    store::LockExtensionReport report = work();
    all.extended += report.extended;
    all.lasting += report.lasting;
    std::ranges::move(report.troubles, std::back_inserter(all.troubles));
  } catch (const base::Error& error) {
    all.troubles.emplace_back(error.what());
  }
}

store::LockExtensionReport extend_all(const base::Environment& environment) {
  const base::Config& config = environment.config;
  const store::Location location = store::location_of(config.store);
  store::LockExtensionReport all;
  if (config.store.s3 && config.store.s3->lock_for) {
    add_report(all, [&] { return store::extend_locks(location, environment.files); });
  }
  for (const base::CopyConfig& copy : config.copies) {
    if (!copy.s3 || !copy.s3->lock_for) continue;
    add_report(all, [&] {
      const store::Location place = store::location_of_copy(copy);
      return store::extend_copy_locks(location, environment.files, *place.storage);
    });
  }
  return all;
}

base::JobOutcome carry_out_extension(const base::Environment& environment) {
  base::stop_on_request(base::OnStop::kContinue);
  const std::chrono::sys_seconds started = environment.clock.now_seconds();
  const store::LockExtensionReport report = extend_all(environment);
  const bool is_complete = report.troubles.empty();
  if (is_complete) {
    store::note_lock_extension(store::location_of(environment.config.store), environment.files,
                               started);
  }
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
  if (!base::shortest_lock(environment.config.store, environment.config.copies)) {
    base::fail(base::ErrorCode::kUsage,
               "extend-locks: nothing is locked: set lock_for in s3 (mailstow.json(5))");
  }
  return base::JobRun(environment, "extend-locks", job_services(environment)).carry_out([&] {
    return carry_out_extension(environment);
  });
}

base::Command extend_locks_command() {
  return {.name = "extend-locks",
          .help = "Extend the object locks of what is in buckets",
          .function = extend_locks};
}

}  // namespace backupd
