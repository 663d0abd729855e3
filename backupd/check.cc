#include "store/maintenance/check.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/daemon/store_loan.h"
#include "backupd/job.h"
#include "backupd/report/storage_traffic.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/program/progress_line.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "imap/folder_name.h"
#include "store/copies/copy_place.h"
#include "store/format/location.h"
#include "store/maintenance/check_log.h"
#include "store/maintenance/copy_check.h"
#include "store/maintenance/past_index.h"
#include "store/maintenance/repair.h"

namespace backupd {

namespace {

using nlohmann::ordered_json;

constexpr std::chrono::seconds kSaveInterval{5};

// Reads packs as the options require, and records in the check log which packs were read.
class DataCheck {
 public:
  DataCheck(const base::Environment& environment, const store::Location& location,
            const CheckOptions& command)
      : environment_(environment),
        location_(location),
        log_(store::CheckLog::load(environment.files, location)),
        last_save_(environment.clock.steady_now()) {
    options_.depth = store::CheckDepth::kReadData;
    const store::CheckLog believed = log_.without_future(now());
    options_.last_read = believed.read;
    if (command.budget) {
      const auto end = environment.clock.steady_now() + *command.budget;
      options_.is_time_over = [this, end] { return environment_.clock.steady_now() >= end; };
      return;
    }
    is_of_all_ = true;
    if (command.resume && believed.is_interrupted()) {
      options_.skip = believed.read_since_began();
    } else {
      log_.began = now();
      log_.finished = {};
    }
    save();
  }

  store::CheckReport run(const std::function<void(const store::CheckProgress&)>& progress) {
    options_.progress = progress;
    options_.has_read = [this](const store::Sha256& pack) {
      log_.read[pack] = now();
      if (environment_.clock.steady_now() - last_save_ >= kSaveInterval) save();
    };
    store::CheckReport report;
    try {
      report = store::check(location_, environment_.files, options_);
    } catch (const base::Stopped&) {
      save();
      throw;
    }
    if (is_of_all_) log_.finished = std::max(now(), log_.began);
    save();
    return report;
  }

 private:
  std::chrono::sys_seconds now() const { return environment_.clock.now_seconds(); }

  void save() {
    last_save_ = environment_.clock.steady_now();
    try {
      log_.save(environment_.files, location_);
    } catch (const base::Error& error) {
      // The check itself only reads.
      if (!std::exchange(was_save_refused_, true)) {
        base::log_warning("{}: the times at which packs were read are not recorded", error.what());
      }
    }
  }

  const base::Environment& environment_;
  const store::Location& location_;
  store::CheckLog log_;
  store::CheckOptions options_;
  std::chrono::steady_clock::time_point last_save_;
  bool is_of_all_ = false;
  bool was_save_refused_ = false;
};

std::string shown_folder(const store::MessagePlace& place) {
  return imap::shown_folder_name(place.raw_folder, place.delimiter, place.personal_prefix);
}

ordered_json to_json(const store::CheckReport& report) {
  ordered_json messages = ordered_json::array();
  for (const store::DamagedMessage& message : report.damaged_messages) {
    ordered_json places = ordered_json::array();
    for (const store::MessagePlace& place : message.places) {
      places.push_back(
          {{"account", place.account}, {"folder", shown_folder(place)}, {"uid", place.uid.value}});
    }
    messages.push_back(
        {{"message", message.id.object.hex()}, {"reason", message.why}, {"places", places}});
  }
  return {{"status", report.is_intact() ? "intact" : "damaged"},
          {"packs", report.packs},
          {"pack_bytes", report.pack_bytes},
          {"packs_read", report.packs_read},
          {"bytes_read", report.bytes_read},
          {"commits", report.commits},
          {"commit", {{"number", report.highest.number}, {"id", report.highest.id.hex()}}},
          {"snapshots", report.snapshots},
          {"messages", report.messages},
          {"damage", report.damage},
          {"damaged_messages", messages}};
}

std::string to_text(const store::CheckReport& report) {
  std::string text;
  for (const std::string& line : report.damage) {
    text += "Damage: " + base::escape_for_terminal(line) + "\n";
  }
  for (const store::DamagedMessage& message : report.damaged_messages) {
    text += fmt::format("Damaged message {}: {}\n", message.id.object.hex(),
                        base::escape_for_terminal(message.why));
    for (const store::MessagePlace& place : message.places) {
      text += fmt::format("  {}: {}: UID {}\n", base::escape_for_terminal(place.account),
                          base::escape_for_terminal(shown_folder(place)), place.uid.value);
    }
  }
  return text + fmt::format("The store is {}: {} with {} ({} read), {}, {}, {}.\n",
                            report.is_intact() ? "intact" : "damaged",
                            base::format_count(report.packs, "pack"),
                            base::format_size(report.pack_bytes),
                            base::format_count(report.packs_read),
                            base::format_count(report.commits, "commit"),
                            base::format_count(report.snapshots, "snapshot"),
                            base::format_count(report.messages, "message"));
}

ordered_json to_json(const store::RepairReport& repair) {
  ordered_json given_up = ordered_json::array();
  for (const store::UnreadableSnapshot& snapshot : repair.given_up) {
    ordered_json rest;
    if (snapshot.rest) {
      rest = {{"folders", snapshot.rest->folders}, {"messages", snapshot.rest->messages}};
    }
    given_up.push_back({{"account", snapshot.account},
                        {"time", base::format_rfc3339(snapshot.time)},
                        {"folders", snapshot.folders},
                        {"messages", snapshot.messages},
                        {"bytes", snapshot.bytes},
                        {"rest", rest}});
  }
  return {{"found", repair.found},
          {"put_back", repair.put_back},
          {"condemned", repair.condemned},
          {"quarantined", repair.quarantined},
          {"salvaged_objects", repair.salvaged_objects},
          {"salvaged_messages", repair.salvaged_messages},
          {"amended_accounts", repair.amended_accounts},
          {"messages_to_fetch", repair.messages_to_fetch},
          {"given_up", given_up}};
}

std::string to_text(const store::RepairReport& repair) {
  std::string text;
  for (const std::string& line : repair.found) {
    text += "Found: " + base::escape_for_terminal(line) + "\n";
  }
  for (const std::string& blob : repair.put_back) {
    text += "Put back: " + base::escape_for_terminal(blob) + "\n";
  }
  for (const std::string& pack : repair.condemned) {
    text += "No longer read, but still there: " + base::escape_for_terminal(pack) + "\n";
  }
  for (const std::string& file : repair.quarantined) {
    text += "Moved aside: " + base::escape_for_terminal(file) + "\n";
  }
  if (repair.salvaged_objects > 0) {
    text += fmt::format(
        "Salvaged from damaged files: {}, {}.\n",
        base::format_count(repair.salvaged_messages, "message"),
        base::format_count(repair.salvaged_objects - repair.salvaged_messages, "other object"));
  }
  for (const store::UnreadableSnapshot& snapshot : repair.given_up) {
    const auto content = [](std::uint64_t messages, std::uint64_t folders) {
      return fmt::format("{} in {}", base::format_count(messages, "message"),
                         base::format_count(folders, "folder"));
    };
    text += fmt::format(
        "{}: the snapshot of {} held {} ({}): {}\n", base::escape_for_terminal(snapshot.account),
        base::shown_time(snapshot.time), content(snapshot.messages, snapshot.folders),
        base::format_size(snapshot.bytes),
        snapshot.rest
            ? "what is left of it: " + content(snapshot.rest->messages, snapshot.rest->folders)
            : "its list of folders can't be read: it is dropped");
  }
  for (const std::string& account : repair.amended_accounts) {
    text += fmt::format(
        "{}: a new snapshot leaves out the lost messages; the next backup fetches those that "
        "the server still has.\n",
        base::escape_for_terminal(account));
  }
  return text;
}

// `place`: the name of a copy of the configuration, or a directory.
store::Location find_copy(const base::Config& config, const std::string& place) {
  for (const base::CopyConfig& copy : config.copies) {
    if (copy.name == place) return store::location_of_copy(copy);
  }
  store::Location location;
  location.store = place;
  return location;
}

ordered_json to_json(const store::CopyReport& copy, const std::string& place) {
  if (copy.past) return {{"folder", place}};
  return {{"folder", place}, {"commits_behind", copy.commits_behind()}};
}

std::string to_text(const store::CopyReport& copy) {
  if (copy.past) return store::past_text(*copy.past);
  if (copy.commits_behind() == 0) return "The copy has everything that the store has.\n";
  return fmt::format(
      "The copy lacks the newest {} of the store: copy again.\n",
      copy.commits_behind() == 1 ? "commit" : base::format_count(copy.commits_behind(), "commit"));
}

void reject_conflicting_options(const CheckOptions& command) {
  const bool has_budget = command.budget.has_value();
  const bool is_of_copy = !command.copy.empty();
  if (static_cast<int>(command.resume) + static_cast<int>(has_budget) +
          static_cast<int>(command.repair) + static_cast<int>(is_of_copy) >
      1) {
    base::fail(base::ErrorCode::kUsage,
               "check: --resume, --for, --repair and --copy are mutually exclusive");
  }
  if (!command.as_of.empty() && (command.resume || has_budget || command.repair)) {
    base::fail(base::ErrorCode::kUsage,
               "check: --as-of excludes --resume, --for and --repair: use --read-data");
  }
}

store::WantedCommit wanted_commit(const base::Environment& environment, const std::string& as_of) {
  return store::parse_wanted_commit(as_of, environment.config.restore.time_zone,
                                    environment.clock.now_seconds());
}

// The store as of an earlier commit.
store::CheckReport check_past(const base::Environment& environment, const store::OpenedPast& opened,
                              const store::CheckOptions& options) {
  store::CheckReport report = store::check(opened.location, environment.files, options);
  report.damage.insert(report.damage.begin(), opened.damage.begin(), opened.damage.end());
  return report;
}

std::vector<std::string> lines_of(const store::CheckReport& report) {
  std::vector<std::string> troubles;
  troubles.reserve(report.damage.size() + report.damaged_messages.size());
  for (const std::string& line : report.damage) {
    troubles.push_back(base::escape_for_terminal(line));
  }
  for (const store::DamagedMessage& message : report.damaged_messages) {
    troubles.push_back(fmt::format("message {}: {}", message.id.object.hex(),
                                   base::escape_for_terminal(message.why)));
  }
  return troubles;
}

base::JobOutcome carry_out_check(const base::Environment& environment,
                                 const store::Location& location, const CheckOptions& command) {
  // A repair may be interrupted at any point.
  if (!command.repair) base::stop_on_request(base::OnStop::kContinue);
  store::CheckReport report;
  ordered_json more = ordered_json::object();  // fields in addition to the report's
  std::string more_text;
  {
    base::StagedProgress shown(environment.clock);
    const auto progress = [&](const store::CheckProgress& done) {
      shown.show_bytes("checking", done.done_bytes, done.total_bytes);
    };
    if (command.repair) {
      store::RepairReport repaired = store::repair(location, environment.files, environment.clock,
                                                   progress, command.drop_unreadable);
      more["repair"] = to_json(repaired);
      more_text = to_text(repaired);
      report = std::move(repaired.after);
    } else if (!command.copy.empty()) {
      store::CheckOptions options;
      if (command.read_data) options.depth = store::CheckDepth::kReadData;
      options.progress = progress;
      const store::Location copied = find_copy(environment.config, command.copy);
      std::optional<store::WantedCommit> wanted;
      if (!command.as_of.empty()) wanted = wanted_commit(environment, command.as_of);
      store::CopyReport copy =
          store::check_copy(location, copied, environment.files, options, wanted);
      if (copy.past) {
        more["as_of"] =
            store::past_json({.commit = *copy.past, .damage = copy.check.damage, .location = {}});
      }
      more["copy"] = to_json(copy, store::display_name(copied));
      more_text = to_text(copy);
      report = std::move(copy.check);
    } else if (!command.as_of.empty()) {
      store::CheckOptions options;
      if (command.read_data) options.depth = store::CheckDepth::kReadData;
      options.progress = progress;
      const store::OpenedPast opened =
          store::open_past(location, environment.files, wanted_commit(environment, command.as_of));
      report = check_past(environment, opened, options);
      more["as_of"] = store::past_json(opened);
      more_text = store::past_text(opened.commit);
    } else if (command.read_data || command.resume || command.budget.has_value()) {
      report = DataCheck(environment, location, command).run(progress);
    } else {
      store::CheckOptions options;
      options.progress = progress;
      report = store::check(location, environment.files, options);
    }
  }
  ordered_json document = to_json(report);
  document.update(more);
  if (location.storage) add_traffic(document, location.storage->traffic());
  base::JobOutcome outcome;
  outcome.status = report.is_intact() ? base::ExitStatus::kDone : base::ExitStatus::kDamaged;
  outcome.document = base::json_text(document);
  outcome.text = more_text + to_text(report) + traffic_text(document);
  outcome.troubles = lines_of(report);
  outcome.details = base::json_line({{"packs", report.packs},
                                     {"packs_read", report.packs_read},
                                     {"damage", outcome.troubles.size()}});
  base::print_report(environment.format, outcome.document, outcome.text);
  return outcome;
}

}  // namespace

base::ExitStatus check(const base::Environment& environment, const CheckOptions& command) {
  reject_conflicting_options(command);
  const store::Location location = store::location_of(environment.config.store);
  // The check of a copy, or of an earlier commit, does not count as a check of the store, so it is
  // not run as a job.
  const bool is_of_now = command.copy.empty() && command.as_of.empty();
  if (!is_of_now) return carry_out_check(environment, location, command).status;
  std::optional<StoreLoan> loan;
  if (command.repair) loan.emplace(environment, "check --repair");
  return base::JobRun(environment, "check", job_services(environment)).carry_out([&] {
    return carry_out_check(environment, location, command);
  });
}

base::Command check_command() {
  const auto options = std::make_shared<CheckOptions>();
  return {
      .name = "check",
      .help = "Verify the store",
      .declare =
          [options](base::Options& declared) {
            declared.flag("--read-data", options->read_data,
                          "Read every byte and rebuild every message");
            declared.flag("--repair", options->repair,
                          "Like --read-data; then salvage what can still be read from damaged "
                          "packs");
            declared
                .value("--drop-unreadable", options->drop_unreadable, "ACCOUNT",
                       "With --repair: replace damaged snapshots of this account by what is left "
                       "of them")
                .needs("--repair");
            declared.flag("--resume", options->resume,
                          "Like --read-data, continuing where the last one was interrupted");
            declared.value(
                "--for", options->budget, "DURATION",
                "Like --read-data, for this long (30m), starting with the data read longest ago");
            declared.value(
                "--copy", options->copy, "DIRECTORY",
                "Check this copy instead of the store: its directory, or its name in the "
                "configuration");
            declared.value("--as-of", options->as_of, "COMMIT|TIME",
                           "Check what it was after this commit, or at this time");
          },
      .is_audited = [options] { return options->repair; },
      .function = [options](const auto& environment) { return check(environment, *options); }};
}

}  // namespace backupd
