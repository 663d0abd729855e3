#include <chrono>
#include <memory>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/daemon/store_loan.h"
#include "backupd/named_snapshot.h"
#include "base/error.h"
#include "base/id_text.h"
#include "base/json_text.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/format/location.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/retention.h"

namespace backupd {

namespace {

std::chrono::sys_seconds end_of_pin(const base::Environment& environment, const std::string& text) {
  if (text.empty()) return store::kPinnedWithoutEnd;
  const auto now = environment.clock.now_seconds();
  // The last second of what is named: a day, a minute or a second.
  const auto end = base::parse_time_span(text, environment.config.restore.time_zone, now).end -
                   std::chrono::seconds(1);
  if (end <= now) {
    base::fail(base::ErrorCode::kUsage, "pin --until {}: that time is in the past", text);
  }
  return end;
}

// Writes the pin, and prints how the snapshot is kept now.
void set_pin(const base::Environment& environment, store::SnapshotInfo snapshot,
             std::chrono::sys_seconds until, const char* command) {
  const StoreLoan loan(environment, command);
  store::pin_snapshot(store::location_of(environment.config.store), environment.files,
                      environment.clock, snapshot.id, until);
  snapshot.pinned_until = until;
  const std::string& zone = environment.config.restore.time_zone;
  const bool is_pinned = until != std::chrono::sys_seconds();
  nlohmann::ordered_json document = {{"account", snapshot.account},
                                     {"snapshot", snapshot.id.hex()},
                                     {"time", base::format_rfc3339(snapshot.time)},
                                     {"pinned", is_pinned},
                                     {"pinned_until", nullptr}};
  if (is_pinned && until != store::kPinnedWithoutEnd) {
    document["pinned_until"] = base::format_rfc3339(until);
  }
  base::print_report(
      environment.format, base::json_text(document),
      fmt::format("{}: the snapshot of {} ({}) is {}.\n",
                  base::escape_for_terminal(snapshot.account),
                  base::format_zoned(snapshot.time, zone), base::shown_id(snapshot.id.hex()),
                  is_pinned ? store::pin_text(snapshot, zone)
                            : "no longer pinned: it expires according to the retention"));
}

}  // namespace

base::ExitStatus pin(const base::Environment& environment, const PinOptions& command) {
  const auto until = end_of_pin(environment, command.until);
  set_pin(environment, named_snapshot(environment, command.account, command.snapshot, "pin"), until,
          "pin");
  return base::ExitStatus::kDone;
}

base::ExitStatus unpin(const base::Environment& environment, const PinOptions& command) {
  const store::SnapshotInfo snapshot =
      named_snapshot(environment, command.account, command.snapshot, "unpin");
  if (snapshot.pinned_until == std::chrono::sys_seconds()) {
    base::fail(base::ErrorCode::kNotFound, "unpin {}: snapshot {} is not pinned",
               base::escape_for_terminal(command.account), base::shown_id(snapshot.id.hex()));
  }
  set_pin(environment, snapshot, {}, "unpin");
  return base::ExitStatus::kDone;
}

base::Command pin_command() {
  const auto options = std::make_shared<PinOptions>();
  return {.name = "pin",
          .help = "Keep a snapshot, whatever the retention says",
          .declare =
              [options](base::Options& declared) {
                declared.argument("NAME", options->account, "The account").required();
                declared
                    .argument("ID", options->snapshot,
                              "The snapshot: the first digits of its id, from "
                              "mailstow-restore snapshots NAME")
                    .required();
                declared.value("--until", options->until, "TIME",
                               "Until this time; otherwise until it is unpinned");
              },
          .is_audited = base::always,
          .account = [options] { return options->account; },
          .function = [options](const auto& environment) { return pin(environment, *options); }};
}

base::Command unpin_command() {
  const auto options = std::make_shared<PinOptions>();
  return {.name = "unpin",
          .help = "End a pin: the snapshot can expire again",
          .declare =
              [options](base::Options& declared) {
                declared.argument("NAME", options->account, "The account").required();
                declared
                    .argument("ID", options->snapshot, "The snapshot: the first digits of its id")
                    .required();
              },
          .is_audited = base::always,
          .account = [options] { return options->account; },
          .function = [options](const auto& environment) { return unpin(environment, *options); }};
}

}  // namespace backupd
