#include "backupd/copy_prune.h"

#include <algorithm>
#include <chrono>
#include <string>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/report/copy_states.h"
#include "base/clock_sighting.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/terminal.h"
#include "store/clock_guard.h"
#include "store/copies/copy_place.h"
#include "store/copies/copy_prune.h"
#include "store/format/location.h"
#include "store/reader.h"

namespace backupd {

namespace {

// Why nothing may be deleted now, or "".
std::string reason_to_wait(const base::Environment& environment, const base::CopyConfig& copy,
                           const store::Location& location, const base::ClockSighting& now) {
  const CopyStates states = load_copy_states(environment.files, environment.config.store);
  const auto known = states.find(copy.name);
  if (known != states.end() && known->second.held) return describe_held(copy.name, known->second);
  store::Reader reader = store::Reader::open(location, environment.files);
  return store::doubt_about_clock(location, environment.files, now,
                                  store::newest_records(reader, location, environment.files),
                                  store::ClockDoubt::kJudge, "mailstow-backupd prune");
}

base::ExitStatus report_waiting(const base::Environment& environment, const base::CopyConfig& copy,
                                const std::string& why) {
  base::log_warning("copy --prune: nothing is deleted: {}", why);
  base::print_report(
      environment.format,
      base::json_text({{"copy", copy.name}, {"deleted", 0}, {"deleted_bytes", 0}, {"why", why}}),
      fmt::format("Nothing is deleted: {}.\n", why));
  return base::ExitStatus::kPartial;
}

}  // namespace

base::ExitStatus prune_copy(const base::Environment& given, const base::CopyConfig& copy) {
  // The time that the guard judges is the one by which everything is deleted.
  base::UnsettableClock clock(given.clock);
  const base::Environment environment = base::with_clock(given, clock);
  const base::ClockSighting now = base::see_clock(environment.clock);
  const store::Location location = store::location_of(environment.config.store);
  const std::string why = reason_to_wait(environment, copy, location, now);
  if (!why.empty()) return report_waiting(environment, copy, why);
  const store::OpenedCopy opened = store::open_copy(
      copy, environment.config.store, environment.files, store::ExpectedCopy::kExists);
  store::CopyPruneOptions options{.grace = environment.config.prune.grace, .now = now.time};
  if (copy.s3) {
    options.grace = std::max<std::chrono::seconds>(options.grace, store::kMinGraceInBucket);
  } else {
    options.oldest_reader = store::oldest_reader_of_copy(copy.path, environment.files);
  }
  const store::CopyPruneReport report =
      store::prune_copy(location, environment.files, *opened.storage, options);
  std::string text = fmt::format(
      "copy {}: deleted {} with {}; waiting for the end of the grace period: {}\n", copy.name,
      base::format_count(report.deleted, "pack"), base::format_size(report.deleted_bytes),
      base::format_count(report.waiting, "pack"));
  if (report.not_removed > 0) {
    text += fmt::format("copy {}: {} could not be removed: see the warnings\n", copy.name,
                        base::format_count(report.not_removed, "pack"));
  }
  base::print_report(environment.format,
                     base::json_text({{"copy", copy.name},
                                      {"deleted", report.deleted},
                                      {"deleted_bytes", report.deleted_bytes},
                                      {"waiting", report.waiting},
                                      {"not_removed", report.not_removed}}),
                     text);
  return report.not_removed > 0 ? base::ExitStatus::kPartial : base::ExitStatus::kDone;
}

}  // namespace backupd
