#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/daemon/store_loan.h"
#include "backupd/named_snapshot.h"
#include "backupd/prune_report.h"
#include "backupd/report/alarms.h"
#include "backupd/retention_plan.h"
#include "backupd/shown_prune.h"
#include "base/clock_sighting.h"
#include "base/error.h"
#include "base/id_text.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/reporting/acknowledgements.h"
#include "base/shell_quote.h"
#include "base/terminal.h"
#include "store/account_suggestion.h"
#include "store/clock_guard.h"
#include "store/format/location.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reserve.h"

namespace backupd {

namespace {

// The next backup is compared with the newest one.
void check_is_not_newest(const ForgetOptions& command, const store::SnapshotInfo& snapshot,
                         store::Reader& reader) {
  const auto newest_backup = reader.newest_snapshot(command.account);
  const bool is_newest = snapshot.id == reader.snapshots(command.account).back().id ||
                         (newest_backup && snapshot.id == newest_backup->id);
  if (!is_newest) return;
  base::fail(base::ErrorCode::kUsage,
             "forget {0} --snapshot {1}: it is the newest one, on which the next backup is based: "
             "drop it after that backup, or all of the account's: mailstow-backupd forget {2}",
             base::escape_for_terminal(command.account), command.snapshot,
             base::shell_quoted(command.account));
}

// Without a snapshot that shows it, a mass deletion may no longer hold the snapshots before it.
void check_shows_no_deletion(const base::Environment& environment, const ForgetOptions& command,
                             const store::SnapshotInfo& snapshot, store::Reader& reader) {
  const auto accepted = base::Acknowledgements::load(environment.files, environment.config.store)
                            .deletions_accepted(command.account);
  const auto held_through = [&](std::span<const store::SnapshotInfo> snapshots) {
    const auto deletion =
        newest_mass_deletion(snapshots, environment.config.guards, accepted, reader.used_up());
    return deletion ? deletion->snapshot.sequence : 0;
  };
  const std::vector<store::SnapshotInfo> all = reader.snapshots(command.account);
  std::vector<store::SnapshotInfo> rest = all;
  std::erase_if(rest, [&](const store::SnapshotInfo& other) { return other.id == snapshot.id; });
  if (held_through(rest) >= held_through(all)) return;
  base::fail(base::ErrorCode::kUsage,
             "forget {0} --snapshot {1}: it shows a mass deletion, and as long as it exists, no "
             "older snapshot expires: first confirm the deletion: mailstow-backupd acknowledge {2}",
             base::escape_for_terminal(command.account), command.snapshot,
             base::shell_quoted(command.account));
}

void check_is_not_pinned(const ForgetOptions& command, const AccountPlan& plan) {
  const std::vector<store::ObjectId> pinned = kept(plan);
  if (pinned.empty()) return;
  base::fail(base::ErrorCode::kUsage,
             "forget {0}: {1} of these snapshots {2} pinned, nothing is dropped: first "
             "mailstow-backupd unpin {4} {3}",
             base::escape_for_terminal(command.account), base::format_count(pinned.size()),
             pinned.size() == 1 ? "is" : "are", base::shown_id(pinned.front().hex()),
             base::shell_quoted(command.account));
}

std::vector<AccountPlan> plan(const base::Environment& environment, const ForgetOptions& command,
                              std::chrono::sys_seconds now) {
  const std::string& account = command.account;
  std::optional<store::ObjectId> only;
  if (!command.snapshot.empty()) {
    only = named_snapshot(environment, account, command.snapshot, "forget").id;
  }
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  AccountPlan plan = plan_to_forget(reader, environment.config, account, only, now);
  if (plan.snapshots.empty()) {
    base::fail(base::ErrorCode::kNotFound, "forget {}: the store has no snapshots of it{}",
               base::escape_for_terminal(account),
               store::account_suggestion(environment.config, &reader, account));
  }
  if (only) {
    check_is_not_newest(command, plan.snapshots.front().snapshot, reader);
    check_shows_no_deletion(environment, command, plan.snapshots.front().snapshot, reader);
  }
  if (command.yes) check_is_not_pinned(command, plan);
  return {std::move(plan)};
}

// A pin ends when the clock says so.
bool has_ended_pin(const std::vector<AccountPlan>& plans) {
  const auto is_ended = [](const PlannedSnapshot& planned) {
    return planned.snapshot.pinned_until > std::chrono::sys_seconds();
  };
  return std::ranges::any_of(plans, [&](const AccountPlan& plan) {
    return std::ranges::any_of(plan.snapshots, is_ended);
  });
}

// The command as it was typed: with fewer options it would drop more.
std::string command_line(const ForgetOptions& command) {
  std::string line = "mailstow-backupd forget " + base::shell_quoted(command.account);
  if (!command.snapshot.empty()) line += " --snapshot " + base::shell_quoted(command.snapshot);
  if (command.yes) line += " --yes";
  if (command.prune) line += " --prune";
  return line;
}

// A prune also deletes packs that have been condemned for long enough, if the clock is right.
store::JudgedClock judge_before_forget(const base::Environment& environment,
                                       const store::Location& location,
                                       const base::ClockSighting& now,
                                       const ForgetOptions& command) {
  store::Reader reader = store::Reader::open(location, environment.files);
  return store::judge_for_deletion(
      location, environment.files, now, store::newest_records(reader, location, environment.files),
      command.now ? store::ClockDoubt::kOverrule : store::ClockDoubt::kJudge,
      command_line(command));
}

void forget_acknowledgements(const base::Environment& environment, const std::string& account) {
  base::Acknowledgements::change(
      environment.files, environment.config.store,
      [&](base::Acknowledgements& acknowledged) { acknowledged.forget(account); });
}

// The snapshots to be dropped, and whether the clock allows that.
struct Preparation {
  std::vector<AccountPlan> plans;
  store::JudgedClock clock;
};

// May be repeated.
Preparation prepare(const base::Environment& environment, const store::Location& location,
                    const base::ClockSighting& now, const ForgetOptions& command) {
  Preparation prepared{.plans = plan(environment, command, now.time), .clock = {}};
  if (!command.yes) return prepared;
  if (command.prune || has_ended_pin(prepared.plans)) {
    prepared.clock = judge_before_forget(environment, location, now, command);
  }
  // An acknowledgement of the dropped snapshots must not count for later ones of the same name.
  if (prepared.clock.doubt.empty() && command.snapshot.empty()) {
    forget_acknowledgements(environment, command.account);
  }
  return prepared;
}

struct Forgotten {
  std::uint64_t dropped = 0;  // snapshots
  std::optional<store::PruneReport> report;
};

Forgotten drop_and_prune(const base::Environment& environment, const store::Location& location,
                         const ForgetOptions& command, const std::vector<AccountPlan>& plans,
                         bool is_reserve_given_up) {
  store::PruneOptions options;
  options.drop = to_drop(plans);
  options.grace = environment.config.prune.grace;
  options.is_now_confirmed = command.now;
  options.limits = store::usual_limits(location);
  options.limits.dead_percent = 0;  // everything that only they refer to is removed
  options.is_reserve_given_up = is_reserve_given_up;
  store::PruneReport report = shown_prune(environment, options);
  const std::uint64_t dropped = report.dropped;
  return {.dropped = dropped, .report = std::move(report)};
}

Forgotten drop(const base::Environment& environment, const store::Location& location,
               const std::vector<AccountPlan>& plans, store::ReservedRoom& reserve) {
  const std::set<store::ObjectId> snapshots = to_drop(plans);
  int attempts = 0;
  const std::uint64_t dropped = reserve.with_room([&] {
    ++attempts;
    return store::drop_snapshots(location, environment.files, environment.clock, snapshots);
  });
  // The first attempt may have been durable, and have lacked room in the index only.
  const bool did_first = attempts > 1 && dropped == 0;
  return {.dropped = did_first ? snapshots.size() : dropped, .report = {}};
}

void print_outcome(const base::Environment& environment, const ForgetOptions& command,
                   const std::vector<AccountPlan>& plans, const Forgotten& done) {
  nlohmann::ordered_json document = {
      {"dry_run", !command.yes}, {"accounts", retention_json(plans)}, {"dropped", done.dropped}};
  if (done.report) document.update(prune_json(*done.report));
  std::string text;
  if (!command.yes) {
    text = retention_text(plans) +
           (kept(plans.front()).empty()
                ? "\nNothing was done: with --yes these snapshots are dropped for good.\n"
                : "\nNothing was done, and nothing is dropped while one of them is pinned.\n");
  } else if (done.report) {
    text = prune_text(*done.report, store::PruneMode::kCarryOut, done.report->grace);
  } else {
    text = fmt::format("{} dropped. The next prune deletes what only {} needed.\n",
                       base::format_count(done.dropped, "snapshot"),
                       done.dropped == 1 ? "it" : "they");
  }
  if (command.snapshot.empty() && environment.config.has_account(command.account)) {
    text += fmt::format("{} is still in the configuration: the next backup stores it again.\n",
                        base::escape_for_terminal(command.account));
  }
  if (command.yes) {
    base::print_report(environment.format, base::json_text(document), text);
  } else {
    base::print_result(environment.format, base::json_text(document), text);
  }
}

}  // namespace

base::ExitStatus forget(const base::Environment& given, const ForgetOptions& command) {
  // Before anything is read: on a full disk, that may need the room of the reserve, and so the
  // store.
  std::optional<StoreLoan> loan;
  if (command.yes) loan.emplace(given, "forget");
  // The time that the guard judges is the one by which packs are deleted.
  base::UnsettableClock clock(given.clock);
  const base::Environment environment = base::with_clock(given, clock);
  const store::Location location = store::location_of(environment.config.store);
  const base::ClockSighting now = base::see_clock(environment.clock);
  store::ReservedRoom reserve(location, environment.files);
  const auto look = [&] { return prepare(environment, location, now, command); };
  const Preparation prepared =
      command.yes
          ? reserve.with_room(
                look, [](const Preparation& seen) { return !seen.clock.not_remembered.empty(); })
          : look();
  const std::vector<AccountPlan>& plans = prepared.plans;
  const std::string& doubt = prepared.clock.doubt;
  store::warn_if_not_remembered(prepared.clock);
  if (!doubt.empty()) {
    base::log_warning("forget: nothing is dropped: {}", doubt);
    base::print_report(environment.format,
                       base::json_text({{"dry_run", false},
                                        {"clock_doubted", doubt},
                                        {"accounts", retention_json(plans)},
                                        {"dropped", 0}}),
                       fmt::format("Nothing was dropped: {}.\n", doubt));
    return base::ExitStatus::kPartial;
  }
  Forgotten done;
  if (command.yes && command.prune) {
    done = drop_and_prune(environment, location, command, plans, reserve.is_given_up());
  } else if (command.yes) {
    done = drop(environment, location, plans, reserve);
  }
  print_outcome(environment, command, plans, done);
  const bool is_complete = !done.report || describe_left(*done.report).empty();
  return is_complete ? base::ExitStatus::kDone : base::ExitStatus::kPartial;
}

base::Command forget_command() {
  const auto options = std::make_shared<ForgetOptions>();
  return {.name = "forget",
          .help = "Drop all snapshots of an account, or one",
          .declare =
              [options](base::Options& declared) {
                declared.argument("NAME", options->account, "The account").required();
                declared.value("--snapshot", options->snapshot, "ID",
                               "Only this one: the first digits of its id, from "
                               "mailstow-restore snapshots NAME");
                declared.flag("--yes", options->yes,
                              "Drop them; otherwise only print what would be dropped");
                declared.flag("--prune", options->prune,
                              "Prune at once; the data that only they need is deleted after the "
                              "grace period");
                declared.flag("--now", options->now,
                              "Drop and delete even if the system clock appears to have jumped");
              },
          .is_audited = base::always,
          .account = [options] { return options->account; },
          .function = [options](const auto& environment) { return forget(environment, *options); }};
}

}  // namespace backupd
