#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/daemon/daemon_status.h"
#include "backupd/report/alarms.h"
#include "backupd/report/common_cause.h"
#include "backupd/report/copy_states.h"
#include "backupd/report/failed_backups.h"
#include "backupd/report/lock_state.h"
#include "backupd/report/overdue_trees.h"
#include "backupd/report/shared_alarms.h"
#include "backupd/status_brief.h"
#include "backupd/status_history.h"
#include "base/clock_sighting.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/reporting/job_record.h"
#include "base/reporting/last_sweep.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/clock_guard.h"
#include "store/clock_state.h"
#include "store/format/location.h"
#include "store/index/commit_mark.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace backupd {

namespace {

// The state of an account that is configured, or was and still has snapshots.
struct AccountState {
  std::string name;
  bool is_configured = false;
  std::optional<store::SnapshotInfo> newest = {};
  std::size_t snapshots = 0;
  std::vector<Alarm> alarms = {};
  bool is_newest_in_future = false;
  store::TimeDoubt newest_doubt = store::TimeDoubt::kNone;  // of its time
  // The time of the last backup whose time is not doubted.
  std::optional<std::chrono::sys_seconds> last_certain = {};
};

// Finds what is shown of the account's snapshots, in the order in which they were made.
void read_snapshots(AccountState& state, const std::vector<store::SnapshotInfo>& snapshots,
                    const store::ClockState& clock) {
  const std::vector<store::TimeDoubt> doubts = store::time_doubts(snapshots, clock);
  state.snapshots = snapshots.size();
  for (std::size_t at = 0; at < snapshots.size(); ++at) {
    if (snapshots[at].kind != store::SnapshotKind::kBackup) continue;
    state.newest = snapshots[at];
    state.newest_doubt = doubts[at];
    if (!store::is_doubted(doubts[at])) state.last_certain = snapshots[at].time;
  }
  state.is_newest_in_future = state.newest && base::is_in_future(state.newest->time, clock.now);
}

struct TreesState {
  std::vector<store::TreeRecord> overdue;  // the longest overdue first
  std::string alarm;                       // empty: it is not raised
  std::size_t count = 0;                   // of all trees
  bool has_unreadable_records = false;
};

TreesState trees_of(const base::Environment& environment) {
  const auto now = environment.clock.now_seconds();
  const auto& store = environment.config.store;
  const auto listing =
      store::TreeRecords::open(store::location_of(store), environment.files).list();
  return {overdue_trees(listing.records, now),
          overdue_alarm(listing.records, base::last_sweep(environment.files, store, now), now),
          listing.records.size(), !listing.damaged.empty()};
}

nlohmann::ordered_json to_json(const TreesState& trees) {
  nlohmann::ordered_json overdue = nlohmann::ordered_json::array();
  for (const store::TreeRecord& tree : trees.overdue) {
    overdue.push_back({{"account", tree.account},
                       {"tree", tree.name},
                       {"expired", base::format_rfc3339(tree.expires)}});
  }
  return {{"count", trees.count},
          {"overdue", std::move(overdue)},
          {"alarm",
           trees.alarm.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(trees.alarm)},
          {"unreadable_records", trees.has_unreadable_records}};
}

std::string to_text(const TreesState& trees) {
  constexpr std::size_t kMaxShown = 20;
  std::string text;
  for (std::size_t at = 0; at < std::min(trees.overdue.size(), kMaxShown); ++at) {
    const store::TreeRecord& tree = trees.overdue[at];
    text +=
        fmt::format("Overdue tree: {}: {}, expired {}\n", base::escape_for_terminal(tree.account),
                    base::escape_for_terminal(tree.name), base::shown_time(tree.expires));
  }
  if (trees.overdue.size() > kMaxShown) {
    text += fmt::format("... and {} more: see `mailstow-restore trees`\n",
                        base::format_count(trees.overdue.size() - kMaxShown));
  }
  if (!trees.alarm.empty()) text += fmt::format("ALARM: {}\n", trees.alarm);
  if (trees.has_unreadable_records) {
    text += "Records of trees can't be read: see `mailstow-restore trees`\n";
  }
  return text.empty() ? text : text + "\n";
}

std::string clock_text(const store::ClockState& clock) {
  return clock.doubt.empty() ? "" : fmt::format("ALARM: {}\n\n", clock.doubt);
}

std::vector<AccountState> states_of(const base::Environment& environment, store::Reader& reader,
                                    const store::ClockState& clock) {
  const base::Config& config = environment.config;
  const auto acknowledged = base::Acknowledgements::load(environment.files, config.store);
  std::vector<AccountState> states;
  const auto add = [&](const std::string& name, bool is_configured) {
    AccountState state{.name = name, .is_configured = is_configured};
    read_snapshots(state, reader.snapshots(name), clock);
    if (is_configured) {
      state.alarms = alarms_of(reader, name, config.guards, acknowledged, clock.now);
    }
    states.push_back(std::move(state));
  };
  for (const base::AccountConfig& account : config.accounts) add(account.name, true);
  for (const std::string& name : reader.accounts()) {
    const bool known = std::any_of(states.begin(), states.end(),
                                   [&](const AccountState& state) { return state.name == name; });
    if (!known) add(name, false);
  }
  return states;
}

nlohmann::ordered_json to_json(const std::vector<base::JobRecord>& jobs) {
  using nlohmann::ordered_json;
  const auto time = [](std::optional<std::chrono::sys_seconds> at) {
    return at ? ordered_json(base::format_rfc3339(*at)) : ordered_json();
  };
  ordered_json list = ordered_json::array();
  for (const base::JobRecord& job : jobs) {
    list.push_back({{"job", job.job},
                    {"started", time(job.started)},
                    {"ended", time(job.ended)},
                    {"exit_status", job.status ? ordered_json(*job.status) : ordered_json()},
                    {"last_success", time(job.last_success)}});
    if (!job.error.empty()) list.back()["error"] = job.error;
    if (!job.mail_error.empty()) list.back()["mail_error"] = job.mail_error;
  }
  return list;
}

std::string to_text(const std::vector<base::JobRecord>& jobs) {
  if (jobs.empty()) return "No job has run yet.\n";
  std::vector<std::vector<std::string>> rows;
  rows.reserve(jobs.size());
  for (const base::JobRecord& job : jobs) {
    rows.push_back({job.job, base::shown_time(job.started),
                    job.ended ? base::shown_time(*job.ended) : "",
                    job.status  ? std::to_string(*job.status)
                    : job.ended ? "died"
                                : "",
                    job.last_success ? base::shown_time(*job.last_success) : "never",
                    job.error.empty() ? job.mail_error : job.error});
  }
  return base::format_table({{"JOB"},
                             {"LAST RUN"},
                             {"ENDED"},
                             {"EXIT", base::Align::kRight},
                             {"LAST SUCCESS"},
                             {"", base::Align::kLeft, base::Width::kCut}},
                            rows, base::output_room());
}

std::string to_json(const store::Reader::StoreSize& size, const std::vector<AccountState>& states,
                    const TreesState& trees, const std::vector<base::JobRecord>& jobs,
                    const nlohmann::ordered_json& copies, const nlohmann::ordered_json& locks,
                    const nlohmann::ordered_json& daemon, const store::ClockState& clock) {
  using nlohmann::ordered_json;
  ordered_json accounts = ordered_json::array();
  for (const AccountState& state : states) {
    ordered_json account = {{"account", state.name},
                            {"configured", state.is_configured},
                            {"snapshots", state.snapshots},
                            {"last_backup", nullptr},
                            {"last_status", nullptr},
                            {"messages", 0},
                            {"bytes", 0},
                            {"alarms", ordered_json::array()}};
    for (const Alarm& alarm : state.alarms) {
      account["alarms"].push_back({{"kind", word(alarm.kind)}, {"text", alarm.text}});
    }
    if (state.newest) {
      account["last_backup"] = base::format_rfc3339(state.newest->time);
      account["last_backup_in_future"] = state.is_newest_in_future;
      account["last_backup_doubted"] = store::is_doubted(state.newest_doubt);
      account["last_status"] = word(state.newest->status);
      account["messages"] = state.newest->messages;
      account["bytes"] = state.newest->bytes;
    }
    accounts.push_back(std::move(account));
  }
  const ordered_json document = {
      {"store",
       {{"packs", size.packs},
        {"pack_bytes", size.pack_bytes},
        {"index_bytes", size.index_bytes},
        {"messages", size.messages},
        {"message_bytes", size.message_bytes}}},
      {"accounts", std::move(accounts)},
      {"trees", to_json(trees)},
      {"copies", copies},
      {"object_lock", locks},
      {"jobs", to_json(jobs)},
      {"daemon", daemon},
      {"clock_doubted", clock.doubt.empty() ? ordered_json() : ordered_json(clock.doubt)}};
  return base::json_text(document);
}

std::string to_text(const store::Reader::StoreSize& size, const std::vector<AccountState>& states) {
  std::vector<std::vector<std::string>> rows;
  for (const AccountState& state : states) {
    const auto& newest = state.newest;
    rows.push_back({state.name, newest ? base::shown_time(newest->time) : "never",
                    newest ? std::string(word(newest->status)) : "",
                    std::to_string(state.snapshots),
                    newest ? base::format_count(newest->messages) : "",
                    newest ? base::format_size(newest->bytes) : "",
                    !state.is_configured ? std::string("no longer in the configuration")
                                         : std::string(store::mark_of(state.newest_doubt))});
  }
  return fmt::format(
      "{} in {}, index {}; {} of {} before compression\n\n{}", base::format_size(size.pack_bytes),
      base::format_count(size.packs, "pack"), base::format_size(size.index_bytes),
      base::format_count(size.messages, "message"), base::format_size(size.message_bytes),
      rows.empty() ? "There are no accounts.\n"
                   : base::format_table({{"ACCOUNT", base::Align::kLeft, base::Width::kCut},
                                         {"LAST BACKUP"},
                                         {"STATUS"},
                                         {"SNAPSHOTS", base::Align::kRight},
                                         {"MESSAGES", base::Align::kRight},
                                         {"SIZE", base::Align::kRight},
                                         {"", base::Align::kLeft, base::Width::kCut}},
                                        rows, base::output_room()));
}

// Why the last backups of accounts that are not backed up failed, if many failed alike. A failure
// before the account's newest snapshot is over. Other kinds of alarms have other causes.
CommonCauses causes_of(const base::Environment& environment,
                       const std::vector<AccountState>& states) {
  std::map<std::string, FailedBackup> last;
  for (FailedBackup& failure :
       failed_backups(environment.files, environment.config.store, /*account=*/"")) {
    FailedBackup& known = last[failure.account];
    known = std::move(failure);
  }
  std::vector<FailedAccount> failed;
  for (const AccountState& state : states) {
    const auto failure = last.find(state.name);
    if (failure == last.end()) continue;
    if (state.last_certain && failure->second.time < *state.last_certain) continue;
    FailedAccount account{.account = state.name, .error = failure->second.error, .alarms = {}};
    for (const Alarm& alarm : state.alarms) {
      if (alarm.kind == AlarmKind::kStale) account.alarms.push_back(alarm.text);
    }
    if (!account.alarms.empty()) failed.push_back(std::move(account));
  }
  return {failed, kSeeHistory};
}

// A server that is down is one cause, and not an alarm for each of its accounts.
std::string alarms_text(const base::Environment& environment,
                        const std::vector<AccountState>& states) {
  const CommonCauses causes = causes_of(environment, states);
  std::string text;
  for (const std::string& line : causes.lines()) text += "\n" + line;
  std::vector<AccountAlarm> raised;
  for (const AccountState& state : states) {
    for (const Alarm& alarm : state.alarms) {
      if (alarm.kind == AlarmKind::kStale && causes.cover(state.name)) continue;
      raised.push_back({state.name, alarm});
    }
  }
  constexpr std::size_t kMaxLines = 20;  // so that the rest stays on the screen
  static_assert(CommonCauses::kMaxLines < kMaxLines);
  const std::size_t room = kMaxLines - causes.lines().size();
  for (const SharedAlarm& alarm : shared_alarms(raised, room)) {
    text += fmt::format("\nALARM: {}: {}", names_of_accounts(alarm), alarm.text);
  }
  return text.empty() ? text : text + "\n";
}

// 0 if it is unknown.
std::uint64_t highest_commit_of(const base::Environment& environment,
                                const store::Location& location) {
  try {
    return store::noted_highest_commit(environment.files, location).number;
  } catch (const base::Error& error) {
    base::log_debug("{}", error.what());
    return 0;
  }
}

// The status document of the running daemon; null if no daemon runs.
nlohmann::ordered_json request_status(const base::Config& config) {
  auto document = ask_about_daemon(config.store);
  return document ? std::move(*document) : nlohmann::ordered_json();
}

// The daemon's document has times for programs.
std::string shown_daemon_time(const nlohmann::ordered_json& time) {
  std::string text = time.is_string() ? time.get<std::string>() : "";
  try {
    return base::shown_time(base::parse_time(text, "UTC"));
  } catch (const base::Error&) {
    return text;  // of a daemon of another version
  }
}

std::string describe_loans(const nlohmann::ordered_json& daemon) {
  std::string text;
  for (const auto& loan : daemon.value("loans", nlohmann::ordered_json::array())) {
    text +=
        fmt::format("\n{} {}, process {}, since {}.",
                    loan.value("lent", false) ? "The store is lent to" : "Waiting for the store:",
                    base::escape_for_terminal(loan.value("command", "")), loan.value("process", 0),
                    shown_daemon_time(loan.value("since", nlohmann::ordered_json())));
  }
  return text.empty() ? text : text + "\n";
}

std::string describe_daemon(const nlohmann::ordered_json& daemon) {
  if (daemon.is_null()) return "No daemon is running.\n";
  std::string text =
      fmt::format("The daemon has been running since {}.\n",
                  shown_daemon_time(daemon.value("since", nlohmann::ordered_json())));
  std::vector<std::vector<std::string>> rows;
  for (const auto& job : daemon.value("jobs", nlohmann::ordered_json::array())) {
    const auto& next = job["next_start"];
    const auto& status = job["last_exit_status"];
    rows.push_back({job.value("job", ""),
                    job.value("running", false)           ? "running"
                    : job.value("waits_for_store", false) ? "waits"
                                                          : "",
                    shown_daemon_time(job.value("last_start", nlohmann::ordered_json())),
                    status.is_null() ? "" : status.dump(),
                    next.is_null() ? "never" : shown_daemon_time(next)});
  }
  text += base::format_table(
      {{"JOB"}, {""}, {"LAST START"}, {"EXIT", base::Align::kRight}, {"NEXT START"}}, rows);
  if (const std::string trouble = metrics_trouble_in(daemon); !trouble.empty()) {
    text += "\nNo metrics: " + base::escape_for_terminal(trouble) + "\n";
  }
  const std::string progress = describe_progress_of(job_in(daemon, Job::kBackup));
  if (!progress.empty()) text += "\nThe backup: " + base::escape_for_terminal(progress) + "\n";
  return text + describe_loans(daemon);
}

Brief brief_of(const std::vector<AccountState>& states, const TreesState& trees,
               const std::vector<std::string>& copies, const std::string& locks,
               const store::ClockState& clock) {
  Brief brief;
  if (!clock.doubt.empty()) brief.alarms.push_back({"", "clock", clock.doubt});
  for (const AccountState& state : states) {
    if (!state.is_configured) continue;
    ++brief.accounts;
    if (!state.newest) ++brief.never;
    if (store::is_doubted(state.newest_doubt)) ++brief.doubted;
    if (state.last_certain && (!brief.oldest || *state.last_certain < *brief.oldest)) {
      brief.oldest = state.last_certain;
    }
    for (const Alarm& alarm : state.alarms) {
      brief.alarms.push_back({state.name, word(alarm.kind), alarm.text});
    }
  }
  if (!trees.alarm.empty()) brief.alarms.push_back({"", "overdue_trees", trees.alarm});
  for (const std::string& alarm : copies) brief.alarms.push_back({"", "copy", alarm});
  if (!locks.empty()) brief.alarms.push_back({"", "object_lock", locks});
  return brief;
}

// All that is shown of the store.
struct StoreState {
  store::Reader::StoreSize size;
  store::ClockState clock;
  std::vector<AccountState> states;
  TreesState trees;
  CopyStates copies;
  LockState locks;
};

StoreState read_store_state(const base::Environment& environment, const store::Location& location) {
  store::Reader reader = store::Reader::open(location, environment.files);
  const auto size = reader.size();
  store::ClockState clock =
      store::clock_state(location, environment.files, base::see_clock(environment.clock),
                         store::newest_records(&reader, {}), "mailstow-backupd prune");
  auto states = states_of(environment, reader, clock);
  LockState locks = lock_state(environment, location, clock.now);
  return {size,
          std::move(clock),
          std::move(states),
          trees_of(environment),
          load_copy_states(environment.files, environment.config.store),
          std::move(locks)};
}

// Prints a line even if there is no store, for monitors that read only stdout.
StoreState read_store_state_for_brief(const base::Environment& environment,
                                      const store::Location& location) {
  try {
    return read_store_state(environment, location);
  } catch (const base::Error& error) {
    if (environment.format == base::OutputFormat::kText) {
      base::print_result(unreadable_brief_text(error.what()));
    }
    throw;
  }
}

base::ExitStatus show_brief(const base::Environment& environment, const store::Location& location) {
  const StoreState state = read_store_state_for_brief(environment, location);
  const Brief brief =
      brief_of(state.states, state.trees,
               copy_alarms(environment.config.copies, state.copies, state.clock.now),
               state.locks.alarm, state.clock);
  base::print_result(environment.format, base::json_text(to_json(brief, state.size)),
                     to_text(brief, state.size));
  return brief.alarms.empty() ? base::ExitStatus::kDone : base::ExitStatus::kPartial;
}

}  // namespace

base::ExitStatus status(const base::Environment& environment, const StatusOptions& options) {
  if (options.by_day) return show_history_by_day(environment, options.account, options.page);
  if (options.history) return show_history(environment, options.account, options.page);
  if (!options.account.empty() || options.page.limit > 0 || !options.page.after.empty()) {
    base::fail(base::ErrorCode::kUsage,
               "status: NAME, --limit and --after belong to --history: add it or leave them out");
  }
  const store::Location location = store::location_of(environment.config.store);
  if (options.brief) return show_brief(environment, location);
  const auto [size, clock, states, trees, copy_states, locks] =
      read_store_state(environment, location);
  const auto& copies = environment.config.copies;
  const auto jobs = base::load_job_records(environment.files, environment.config.store);
  const auto daemon = request_status(environment.config);
  const std::uint64_t highest = highest_commit_of(environment, location);
  base::print_result(
      environment.format,
      to_json(size, states, trees, jobs, copies_document(copies, copy_states, highest, clock.now),
              to_json(locks), daemon, clock),
      to_text(size, states) + alarms_text(environment, states) + "\n" + clock_text(clock) +
          to_text(trees) + copies_text(copies, copy_states, highest, clock.now) + to_text(locks) +
          to_text(jobs) + "\n" + describe_daemon(daemon));
  return base::ExitStatus::kDone;
}

base::Command status_command() {
  const auto options = std::make_shared<StatusOptions>();
  return {.name = "status",
          .help = "Show what the store holds and how recent it is",
          .declare =
              [options](base::Options& declared) {
                declared.argument("NAME", options->account, "With --history: only this account");
                declared.flag("--brief", options->brief,
                              "One line; the exit status is 3 if there is an alarm");
                declared
                    .flag("--history", options->history,
                          "Show the backups over time instead, the newest first")
                    .excludes("--brief");
                declared
                    .flag("--by-day", options->by_day,
                          "With --history: a line a day, with what the backups hold at its end")
                    .needs("--history");
                base::declare_page(declared, options->page, "CURSOR",
                                   "Continue after this entry, as the last page names it");
              },
          .function = [options](const auto& environment) { return status(environment, *options); }};
}

}  // namespace backupd
