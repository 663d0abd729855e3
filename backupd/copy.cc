// Brings the copies of the store up to date.
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/copy_prune.h"
#include "backupd/daemon/job_process.h"
#include "backupd/job.h"
#include "backupd/report/copy_states.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/program/progress_line.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/copies/copy_place.h"
#include "store/copies/copying.h"
#include "store/format/location.h"

namespace backupd {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMinAcceptedDigits = 8;

// The result for one copy: a report, or an error.
struct CopyResult {
  const base::CopyConfig& copy;
  std::optional<store::CopyingReport> report = {};
  std::string error = {};
  base::ExitStatus status = base::ExitStatus::kDone;
  std::vector<std::string> troubles = {};  // lines, escaped
};

std::vector<base::CopyConfig> selected_copies(const base::Config& config, const std::string& name) {
  if (config.copies.empty()) {
    base::fail(base::ErrorCode::kUsage,
               "copy: no copy is configured: add one to \"copies\" (mailstow.json(5))");
  }
  if (name.empty()) return config.copies;
  std::vector<std::string> names;
  for (const base::CopyConfig& copy : config.copies) {
    if (copy.name == name) return {copy};
    names.push_back(copy.name);
  }
  base::fail(base::ErrorCode::kUsage, "copy \"{}\": not in the configuration{}",
             base::escape_for_terminal(name), base::suggestion(name, names));
}

void reject_bad_accept(const CopyOptions& command) {
  if (command.accept.empty()) return;
  const bool is_id = command.accept.size() >= kMinAcceptedDigits &&
                     command.accept.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (command.name.empty() || !is_id) {
    base::fail(
        base::ErrorCode::kUsage,
        "copy --accept: name the copy, and give {} or more digits of the commit's id, as the "
        "report of `copy` shows it",
        kMinAcceptedDigits);
  }
}

store::CopyingReport bring_up_to_date(const base::Environment& environment,
                                      const base::CopyConfig& copy, const CopyOptions& command,
                                      const CopyState& known,
                                      const std::function<void()>& note_begin) {
  const bool was_there = known.commit > 0 || (known.has_begun && !copy.path.empty());
  const store::OpenedCopy opened =
      store::open_copy(copy, environment.config.store, environment.files,
                       was_there ? store::ExpectedCopy::kExists : store::ExpectedCopy::kMayBeNew);
  base::StagedProgress shown(environment.clock);
  store::CopyingOptions options;
  options.accept = command.accept;
  options.accepted_slots = known.accepted_slots;
  if (known.held && known.held->is_together) options.held_together = known.held->reasons;
  bool has_begun = known.has_begun;
  options.progress = [&](const store::CopyingProgress& done) {
    // At once: if this is interrupted, the next one must notice a disk that is not mounted.
    if (!std::exchange(has_begun, true)) note_begin();
    shown.show_bytes("copying to " + copy.name, done.done_bytes, done.total_bytes);
  };
  return store::copy_store(store::location_of(environment.config.store), environment.files,
                           *opened.storage, options);
}

CopyState state_after(const store::CopyingReport& report, const CopyState& before,
                      std::chrono::sys_seconds now) {
  const bool is_complete = report.damage.empty() && !report.held;
  CopyState state{.commit = report.newest.number,
                  .commit_id = report.newest.id.hex(),
                  .commit_time = report.newest_time,
                  .seen = is_complete ? now : before.seen,
                  .behind = report.commits_behind,
                  .is_complete = is_complete,
                  .has_begun = before.has_begun || report.packs > 0,
                  .held = {},
                  .accepted_slots = {}};
  for (const std::string& slot : report.vanished_slots) {
    if (report.has_accepted || before.accepted_slots.contains(slot)) {
      state.accepted_slots.insert(slot);
    }
  }
  if (report.held) {
    state.held = {.number = report.held->commit.number,
                  .id = report.held->commit.id.hex(),
                  .reasons = report.held->reasons,
                  .is_together = report.held->is_together};
  }
  return state;
}

void add_troubles(CopyResult& result, const CopyOptions& command, const CopyState& state) {
  const store::CopyingReport& report = *result.report;
  for (const std::string& line : report.damage) {
    result.troubles.push_back(
        fmt::format("copy {}: {}", result.copy.name, base::escape_for_terminal(line)));
    result.status = base::ExitStatus::kDamaged;
  }
  if (state.held) {
    result.troubles.push_back(describe_held(result.copy.name, state));
    result.status = base::more_severe(result.status, base::ExitStatus::kPartial);
  }
  if (!command.accept.empty() && !report.has_accepted) {
    result.troubles.push_back(fmt::format("copy {}: no commit {} waits to be accepted",
                                          result.copy.name, command.accept));
    result.status = base::more_severe(result.status, base::ExitStatus::kPartial);
  }
}

CopyResult carry_out_one(const base::Environment& environment, const base::CopyConfig& copy,
                         const CopyOptions& command) {
  const CopyState before = load_copy_states(environment.files, environment.config.store)[copy.name];
  const auto update = [&](const std::function<void(CopyState&)>& change) {
    base::after_work("the state of the copy was not recorded", [&] {
      update_copy_states(environment.files, environment.clock, environment.config.store,
                         [&](CopyStates& states) { change(states[copy.name]); });
    });
  };
  CopyResult result{.copy = copy};
  result.report = bring_up_to_date(environment, copy, command, before, [&] {
    update([](CopyState& state) { state.has_begun = true; });
  });
  const CopyState state = state_after(*result.report, before, environment.clock.now_seconds());
  update([&](CopyState& known) { known = state; });
  add_troubles(result, command, state);
  return result;
}

// A copy that fails does not keep the others from being brought up to date.
CopyResult try_one(const base::Environment& environment, const base::CopyConfig& copy,
                   const CopyOptions& command) {
  try {
    return carry_out_one(environment, copy, command);
  } catch (const base::Error& error) {
    CopyResult failed{.copy = copy};
    failed.error = error.what();
    failed.status = base::exit_status(error.code());
    if (failed.status == base::ExitStatus::kBusy) failed.status = base::ExitStatus::kNothingDone;
    failed.troubles.push_back(fmt::format("copy {}: {}", copy.name, failed.error));
    base::log_error("{}", failed.troubles.back());
    return failed;
  }
}

std::string_view word_of(const CopyResult& result) {
  if (!result.report) return "failed";
  if (!result.report->damage.empty()) return "damaged";
  return result.report->held ? "held" : "complete";
}

ordered_json to_json(const CopyResult& result) {
  ordered_json entry = {{"copy", result.copy.name},
                        {"location", result.copy.display_name()},
                        {"status", word_of(result)}};
  if (!result.report) {
    entry["error"] = result.error;
    return entry;
  }
  const store::CopyingReport& report = *result.report;
  const bool has_commit = report.newest.number > 0;
  entry["commit"] = {{"number", report.newest.number}, {"id", report.newest.id.hex()}};
  entry["commit_time"] =
      has_commit ? ordered_json(base::format_rfc3339(report.newest_time)) : ordered_json();
  entry["commits_behind"] = report.commits_behind;
  entry["packs"] = report.packs;
  entry["pack_bytes"] = report.pack_bytes;
  entry["commits"] = report.commits;
  entry["damage"] = report.damage;
  entry["held"] = nullptr;
  if (report.held) {
    entry["held"] = {{"number", report.held->commit.number},
                     {"id", report.held->commit.id.hex()},
                     {"reasons", report.held->reasons}};
  }
  return entry;
}

std::string to_text(const CopyResult& result) {
  std::string text;
  for (const std::string& trouble : result.troubles) text += trouble + "\n";
  if (!result.report) return text;
  const store::CopyingReport& report = *result.report;
  const std::string state = report.newest.number == 0
                                ? "has no commit yet"
                                : fmt::format("is at commit {}, made {}", report.newest.number,
                                              base::shown_time(report.newest_time));
  return text +
         fmt::format(
             "copy {} {}{}; sent: {} with {}, {}\n", result.copy.name, state,
             report.commits_behind == 0
                 ? ""
                 : fmt::format(", {} behind", base::format_count(report.commits_behind, "commit")),
             base::format_count(report.packs, "pack"), base::format_size(report.pack_bytes),
             base::format_count(report.commits, "commit"));
}

base::ExitStatus status_of(const std::vector<CopyResult>& results) {
  const auto has_failed = [](const CopyResult& result) {
    return result.status == base::ExitStatus::kNothingDone;
  };
  const bool have_all_failed = std::ranges::all_of(results, has_failed);
  base::ExitStatus status = base::ExitStatus::kDone;
  for (const CopyResult& result : results) {
    const bool is_part = has_failed(result) && !have_all_failed;
    status = base::more_severe(status, is_part ? base::ExitStatus::kPartial : result.status);
  }
  return status;
}

base::JobOutcome carry_out_copy(const base::Environment& environment,
                                const std::vector<base::CopyConfig>& copies,
                                const CopyOptions& command) {
  base::stop_on_request(base::OnStop::kContinue);
  std::vector<CopyResult> results;
  results.reserve(copies.size());
  for (const base::CopyConfig& copy : copies) {
    results.push_back(copies.size() == 1 ? carry_out_one(environment, copy, command)
                                         : try_one(environment, copy, command));
  }
  base::JobOutcome outcome;
  ordered_json entries = ordered_json::array();
  std::uint64_t packs = 0;
  std::uint64_t pack_bytes = 0;
  for (const CopyResult& result : results) {
    entries.push_back(to_json(result));
    outcome.text += to_text(result);
    std::ranges::copy(result.troubles, std::back_inserter(outcome.troubles));
    if (!result.report) continue;
    packs += result.report->packs;
    pack_bytes += result.report->pack_bytes;
  }
  outcome.status = status_of(results);
  outcome.document = base::json_text({{"copies", std::move(entries)}});
  outcome.details = base::json_line({{"packs", packs}, {"pack_bytes", pack_bytes}});
  base::print_report(environment.format, outcome.document, outcome.text);
  return outcome;
}

// A job of the daemon whose only copy is being written to, which may take hours, has not begun:
// nothing is reported, and the daemon tries again.
void leave_if_copy_is_busy(const base::Environment& environment,
                           const std::vector<base::CopyConfig>& copies) {
  if (!JobProcess::is_this(environment) || copies.size() != 1) return;
  const base::CopyConfig& copy = copies.front();
  if (!store::is_copy_locked(copy, environment.config.store, environment.files)) return;
  base::fail(base::ErrorCode::kBusy, "copy to {}: another mailstow process is writing there",
             copy.display_name());
}

}  // namespace

base::ExitStatus copy(const base::Environment& environment, const CopyOptions& command) {
  reject_bad_accept(command);
  if (command.prune && command.name.empty()) {
    base::fail(base::ErrorCode::kUsage, "copy --prune: name the copy");
  }
  const std::vector<base::CopyConfig> copies = selected_copies(environment.config, command.name);
  base::require_apart(environment.config.copies, environment.config.store);
  if (command.prune) return prune_copy(environment, copies.front());
  leave_if_copy_is_busy(environment, copies);
  return base::JobRun(environment, "copy", job_services(environment)).carry_out([&] {
    return carry_out_copy(environment, copies, command);
  });
}

base::Command copy_command() {
  const auto options = std::make_shared<CopyOptions>();
  return {.name = "copy",
          .help = "Bring the copies of the store up to date",
          .declare =
              [options](base::Options& declared) {
                declared.argument("NAME", options->name, "Only this copy of the configuration");
                declared.value("--accept", options->accept, "COMMIT",
                               "Follow this commit, although it drops much");
                declared
                    .flag("--prune", options->prune,
                          "Instead, delete from the copy what prunes have replaced")
                    .excludes("--accept");
              },
          .is_audited = [options] { return !options->accept.empty() || options->prune; },
          .function = [options](const auto& environment) { return copy(environment, *options); }};
}

}  // namespace backupd
