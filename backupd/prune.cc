#include "store/maintenance/prune.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/daemon/store_loan.h"
#include "backupd/job.h"
#include "backupd/prune_report.h"
#include "backupd/report/copy_states.h"
#include "backupd/report/storage_traffic.h"
#include "backupd/retention_plan.h"
#include "backupd/shown_prune.h"
#include "base/clock_sighting.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/local_disk.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "store/clock_guard.h"
#include "store/copies/copy_place.h"
#include "store/format/layout.h"
#include "store/format/location.h"
#include "store/maintenance/reserve.h"

namespace backupd {

namespace {

// With less room, SQLite can't open the index for writing, and calls that an I/O error.
constexpr std::uint64_t kMinIndexRoom = 1'000'000;

// The fate of the packs; a plan for the snapshots alone can be reported without it.
struct PackPlan {
  std::optional<store::PruneReport> report;
  std::string why;  // if there is no report
  base::ExitStatus status = base::ExitStatus::kDone;
};

// The plan takes the store's lock and notes beside the index what lives: where that can't be
// written, a plan for the snapshots is all that is possible. Any other failure is reported.
PackPlan plan_packs(const base::Environment& environment, const store::PruneOptions& options) {
  const store::Location location = store::location_of(environment.config.store);
  for (const base::Path& directory : {location.index, store::local_directory(location)}) {
    if (!base::is_on_read_only_disk(directory)) continue;
    return {.report = {}, .why = directory.string() + " is on a read-only disk"};
  }
  const bool has_room = environment.files.free_space(location.index) >= kMinIndexRoom;
  try {
    return {.report = shown_prune(environment, options), .why = {}};
  } catch (const base::Error& error) {
    switch (error.code()) {
      case base::ErrorCode::kBusy:
        return {.report = {}, .why = "another mailstow process is writing to the store"};
      case base::ErrorCode::kNoSpace:
        return {.report = {}, .why = base::without_run_again(error.what())};
      case base::ErrorCode::kIo:
        return {.report = {},
                .why = error.what(),
                .status = has_room ? base::ExitStatus::kPartial : base::ExitStatus::kDone};
      default:
        throw;
    }
  }
}

store::JudgedClock judge_before_prune(const base::Environment& environment,
                                      const store::Location& location, store::Reader& reader,
                                      const base::ClockSighting& now, const PruneOptions& command) {
  if (command.dry_run && command.now) return {};
  const auto how = command.dry_run ? store::ClockDoubt::kJudgeOnly
                   : command.now   ? store::ClockDoubt::kOverrule
                                   : store::ClockDoubt::kJudge;
  return store::judge_for_deletion(location, environment.files, now,
                                   store::newest_records(reader, location, environment.files), how,
                                   "mailstow-backupd prune");
}

// The state of the store before anything is dropped.
struct StoreView {
  store::JudgedClock clock;
  std::vector<AccountPlan> plans;
};

StoreView view_store(const base::Environment& environment, const store::Location& location,
                     const base::ClockSighting& now, const PruneOptions& command) {
  // Closed before prune starts, which would wait for this reader before it deletes packs.
  store::Reader reader = store::Reader::open(location, environment.files);
  StoreView view;
  view.clock = judge_before_prune(environment, location, reader, now, command);
  view.plans = plan_accounts(
      reader, environment.config,
      base::Acknowledgements::load(environment.files, environment.config.store), now.time);
  return view;
}

// On a full disk, an index that has a log can't even be read, and the verdict on the clock can't be
// remembered.
StoreView view_store_with_room(const base::Environment& environment,
                               const store::Location& location, const base::ClockSighting& now,
                               const PruneOptions& command, store::ReservedRoom& reserve) {
  const auto view = [&] { return view_store(environment, location, now, command); };
  if (command.dry_run) return view();
  return reserve.with_room(
      view, [](const StoreView& seen) { return !seen.clock.not_remembered.empty(); });
}

// The grace period protects readers on other machines. store::prune() checks what is visible here.
void refuse_to_skip_grace(const store::Location& location) {
  if (location.is_directory() && base::is_on_local_disk(store::packs_directory(location))) return;
  base::fail(base::ErrorCode::kUsage,
             "prune --skip-grace: {} is not on a local disk, so readers on other machines cannot "
             "be seen: prune without the option",
             store::display_name(location));
}

[[noreturn]] void refuse_copy(const std::string& copy, const std::string& why) {
  base::fail(base::ErrorCode::kUsage, "prune --skip-grace: copy {} {}, or prune without the option",
             base::escape_for_terminal(copy), why);
}

// A copy in a directory has what its own records show: whatever made it may run on another machine.
// store::prune() lists its packs.
store::KnownCopy copy_in_directory(const base::Environment& environment, const std::string& name,
                                   const base::Path& directory, const std::string& update) {
  const base::Path packs = directory / store::kPacksArea;
  bool is_there = false;
  try {
    static_cast<void>(environment.files.list(packs));
    is_there = environment.files.modified(packs).has_value();
  } catch (const base::Error& error) {
    refuse_copy(name, fmt::format("can't be read: {}: mount its disk", error.what()));
  }
  if (!is_there) {
    refuse_copy(name, fmt::format("is not in {}: mount its disk{}", directory.string(),
                                  update.empty() ? "" : ", or run " + update));
  }
  return {.name = name,
          .directory = directory,
          .newest = store::newest_commit_of_copy(store::location_of(environment.config.store),
                                                 environment.files, directory),
          .update = update};
}

// A copy in a bucket has what its last update found. Fails with kUsage if that is not enough.
store::KnownCopy known_copy(const base::Environment& environment, const base::CopyConfig& copy,
                            const CopyState* state) {
  const std::string update = "mailstow-backupd copy " + copy.name;
  if (state != nullptr && state->held) {
    base::fail(base::ErrorCode::kUsage, "prune --skip-grace: {}", describe_held(copy.name, *state));
  }
  if (store::is_copy_locked(copy, environment.config.store, environment.files)) {
    refuse_copy(copy.name, "is being written to: wait until that is done");
  }
  if (!copy.s3) return copy_in_directory(environment, copy.name, copy.path, update);
  const auto id = state == nullptr ? std::nullopt : store::ObjectId::from_hex(state->commit_id);
  if (!id || state->commit == 0) refuse_copy(copy.name, "was never complete: run " + update);
  if (!state->is_complete) refuse_copy(copy.name, "is not known to be complete: run " + update);
  return {.name = copy.name, .newest = {.number = state->commit, .id = *id}, .update = update};
}

// All that must not miss a pack: those of the configuration, and the directories that are named.
// To be called with the loan of the store: the daemon may bring copies up to date while a prune
// waits for it.
std::vector<store::KnownCopy> known_copies(const base::Environment& environment,
                                           const PruneOptions& command) {
  const CopyStates states = load_copy_states(environment.files, environment.config.store);
  std::vector<store::KnownCopy> copies;
  for (const base::CopyConfig& copy : environment.config.copies) {
    const auto state = states.find(copy.name);
    copies.push_back(
        known_copy(environment, copy, state == states.end() ? nullptr : &state->second));
  }
  for (const std::string& directory : command.copies) {
    copies.push_back(copy_in_directory(environment, directory, directory, ""));
  }
  return copies;
}

void report_left(const store::PruneReport& report, base::JobOutcome& outcome) {
  outcome.details = base::json_line({{"left", report.left}, {"left_bytes", report.left_bytes}});
  const std::string left = describe_left(report);
  if (left.empty()) return;
  outcome.status = base::more_severe(outcome.status, base::ExitStatus::kPartial);
  outcome.troubles.push_back(left);
}

base::JobOutcome carry_out_prune(const base::Environment& given, const store::Location& location,
                                 const PruneOptions& command) {
  base::stop_on_request(base::OnStop::kContinue);
  // The time that the guard judges is the one by which everything is dropped and deleted.
  base::UnsettableClock clock(given.clock);
  const base::Environment environment = base::with_clock(given, clock);
  const base::ClockSighting now = base::see_clock(environment.clock);
  store::ReservedRoom reserve(location, environment.files);
  const StoreView view = view_store_with_room(environment, location, now, command, reserve);
  const std::vector<AccountPlan>& plans = view.plans;
  const std::string& doubt = view.clock.doubt;
  store::warn_if_not_remembered(view.clock);
  store::PruneOptions options;
  options.drop = to_drop(plans);
  options.grace = environment.config.prune.grace;
  options.limits = store::usual_limits(location);
  options.mode = command.dry_run ? store::PruneMode::kPlan : store::PruneMode::kCarryOut;
  options.is_now_confirmed = command.now;
  options.skip_grace = command.skip_grace;
  options.is_reserve_given_up = reserve.is_given_up();
  PackPlan packs;
  if (command.dry_run) {
    packs = plan_packs(environment, options);
  } else if (doubt.empty()) {
    if (command.skip_grace) options.copies = known_copies(environment, command);
    packs.report = shown_prune(environment, options);
  }
  const std::optional<store::PruneReport>& report = packs.report;

  nlohmann::ordered_json document = {{"dry_run", command.dry_run},
                                     {"accounts", retention_json(plans)}};
  if (!doubt.empty()) document["clock_doubted"] = doubt;
  document.update(report ? prune_json(*report) : nlohmann::ordered_json{{"packs", nullptr}});
  if (!packs.why.empty()) document["packs_unavailable"] = packs.why;
  if (location.storage) add_traffic(document, location.storage->traffic());
  base::JobOutcome outcome;
  outcome.status = packs.status;
  outcome.document = base::json_text(document);
  outcome.text = command.dry_run ? retention_text(plans) + "\n" : "";
  if (!doubt.empty()) {
    base::log_warning("prune: nothing is dropped or deleted: {}", doubt);
    outcome.text += fmt::format("Nothing is dropped or deleted: {}.\n", doubt);
    if (!command.dry_run) outcome.status = base::ExitStatus::kPartial;
    if (!command.dry_run) outcome.troubles.push_back("nothing was dropped or deleted: " + doubt);
  }
  if (report) {
    outcome.text += prune_text(*report, options.mode, report->grace);
    report_left(*report, outcome);
  } else if (command.dry_run) {
    outcome.text += fmt::format("Pack details are unavailable: {}.\n", packs.why);
    if (packs.status != base::ExitStatus::kDone) base::log_warning("{}", packs.why);
  }
  outcome.text += traffic_text(document);
  if (command.dry_run) {
    base::print_result(environment.format, outcome.document, outcome.text);
  } else {
    base::print_report(environment.format, outcome.document, outcome.text);
  }
  return outcome;
}

}  // namespace

base::ExitStatus prune(const base::Environment& environment, const PruneOptions& command) {
  const store::Location location = store::location_of(environment.config.store);
  if (command.dry_run) return carry_out_prune(environment, location, command).status;
  if (command.skip_grace) refuse_to_skip_grace(location);
  leave_if_busy(environment);
  const StoreLoan loan(environment, "prune");
  return base::JobRun(environment, "prune", job_services(environment)).carry_out([&] {
    return carry_out_prune(environment, location, command);
  });
}

base::Command prune_command() {
  const auto options = std::make_shared<PruneOptions>();
  return {.name = "prune",
          .help = "Drop snapshots that the retention does not keep, and their data",
          .declare =
              [options](base::Options& declared) {
                declared.flag("--dry-run", options->dry_run,
                              "Print what would be done; write nothing");
                declared.flag("--now", options->now,
                              "Prune even if the system clock appears to have jumped");
                declared
                    .flag("--skip-grace", options->skip_grace,
                          "Delete replaced packs at once, if nothing reads the store")
                    .excludes("--dry-run");
                declared
                    .values("--copy", options->copies, "DIRECTORY",
                            "A copy of the store that is not in the configuration, which must have "
                            "every pack (repeatable)")
                    .needs("--skip-grace");
              },
          // A dry run reads no mail and changes nothing, and must not need room for its line.
          .is_audited = [options] { return !options->dry_run; },
          .function = [options](const auto& environment) { return prune(environment, *options); }};
}

}  // namespace backupd
