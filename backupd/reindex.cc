#include "store/maintenance/reindex.h"

#include <cstdint>
#include <memory>
#include <string>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/daemon/store_loan.h"
#include "base/json_text.h"
#include "base/terminal.h"
#include "store/format/location.h"
#include "store/maintenance/past_index.h"

namespace backupd {

namespace {

nlohmann::ordered_json to_json(const store::ReindexReport& report) {
  return {{"status", report.damage.empty() ? "complete" : "damaged"},
          {"packs", report.packs},
          {"messages", report.messages},
          {"copy", report.copy},
          {"damage", report.damage}};
}

std::string describe_rebuilding(const store::ReindexReport& report) {
  const std::string packs = base::format_count(report.packs, "pack");
  const std::string messages = base::format_count(report.messages, "message");
  if (report.copy == 0) return fmt::format("Rebuilt the index from {}: {}.\n", packs, messages);
  return fmt::format(
      "Took the index from its copy, as of commit {}, and added what came later: {}, {}.\n",
      report.copy, packs, messages);
}

std::string to_text(const store::ReindexReport& report, const std::string& check) {
  std::string text = describe_rebuilding(report);
  for (const std::string& line : report.damage) {
    text += "Lost: " + base::escape_for_terminal(line) + "\n";
  }
  if (!report.damage.empty()) text += "To list the damaged messages: " + check + "\n";
  return text;
}

base::ExitStatus status_of(const store::ReindexReport& report) {
  return report.damage.empty() ? base::ExitStatus::kDone : base::ExitStatus::kDamaged;
}

// It only reads the store, so it needs neither a loan nor the store's lock.
base::ExitStatus reindex_as_of(const base::Environment& environment, const std::string& as_of) {
  const store::PastReindexReport past =
      store::reindex_past(store::location_of(environment.config.store), environment.files,
                          store::parse_wanted_commit(as_of, environment.config.restore.time_zone,
                                                     environment.clock.now_seconds()));
  const store::ReindexReport report{
      .packs = past.packs, .messages = past.messages, .damage = past.opened.damage};
  nlohmann::ordered_json document = to_json(report);
  document["as_of"] = store::past_json(past.opened);
  const std::uint64_t number = past.opened.commit.number;
  base::print_report(
      environment.format, base::json_text(document),
      store::past_text(past.opened.commit) +
          to_text(report, fmt::format("mailstow-backupd check --as-of {}", number)) +
          fmt::format("To see what it had: mailstow-restore accounts --as-of {}\n", number));
  return status_of(report);
}

}  // namespace

base::ExitStatus reindex(const base::Environment& environment, const ReindexOptions& options) {
  if (!options.as_of.empty()) return reindex_as_of(environment, options.as_of);
  const StoreLoan loan(environment, "reindex");
  const store::ReindexReport report = store::reindex(
      store::location_of(environment.config.store), environment.files,
      {.uses_copy = !options.without_copy,
       .versions = options.first_versions ? store::Versions::kFirst : store::Versions::kNewest});
  base::print_report(environment.format, base::json_text(to_json(report)),
                     to_text(report, "mailstow-backupd check"));
  return status_of(report);
}

base::Command reindex_command() {
  const auto options = std::make_shared<ReindexOptions>();
  return {
      .name = "reindex",
      .help = "Rebuild the index",
      .declare =
          [options](base::Options& declared) {
            declared.flag("--without-copy", options->without_copy,
                          "Read all packs, even if there is no index and the bucket has a copy");
            declared.flag("--first-versions", options->first_versions,
                          "After an attack on a bucket that keeps versions: read what was "
                          "deleted or replaced there as it was first");
            declared.value("--as-of", options->as_of, "COMMIT|TIME",
                           "Instead, make an index of the store as it was after this commit, "
                           "or at this time, beside it");
          },
      .is_audited = base::always,
      .function = [options](const auto& environment) { return reindex(environment, *options); }};
}

}  // namespace backupd
