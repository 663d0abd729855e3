#include "backupd/drill_report.h"

#include <algorithm>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/report/cause_groups.h"
#include "backupd/report/kept_report.h"
#include "base/json_text.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

namespace {

using nlohmann::ordered_json;

std::string_view status_word(base::ExitStatus status) {
  switch (status) {
    case base::ExitStatus::kDone:
      return "intact";
    case base::ExitStatus::kDamaged:
      return "damaged";
    default:
      return "partial";
  }
}

std::string place_of(const DrillTrouble& trouble) {
  std::string place = base::escape_for_terminal(trouble.account);
  if (trouble.snapshot) place += " of " + base::shown_time(*trouble.snapshot);
  if (!trouble.folder.empty()) place += ": " + base::escape_for_terminal(trouble.folder);
  if (trouble.uid) place += fmt::format(": UID {}", trouble.uid->value);
  return place;
}

}  // namespace

base::ExitStatus DrillReport::exit_status() const {
  const bool is_damaged = std::ranges::any_of(troubles, [](const DrillTrouble& trouble) {
    return trouble.kind == DrillTroubleKind::kUnreadable;
  });
  if (is_damaged) return base::ExitStatus::kDamaged;
  return troubles.empty() ? base::ExitStatus::kDone : base::ExitStatus::kPartial;
}

std::string DrillReport::to_json() const {
  ordered_json list = ordered_json::array();
  for (const DrillTrouble& trouble : troubles) {
    list.push_back(
        {{"kind", word(trouble.kind)},
         {"account", trouble.account},
         {"snapshot", trouble.snapshot ? ordered_json(base::format_rfc3339(*trouble.snapshot))
                                       : ordered_json()},
         {"folder", trouble.folder.empty() ? ordered_json() : ordered_json(trouble.folder)},
         {"uid", trouble.uid ? ordered_json(trouble.uid->value) : ordered_json()},
         {"what", trouble.what}});
  }
  ordered_json tried;
  if (scratch) {
    tried = {{"account", scratch->account},
             {"trees", scratch->trees},
             {"restored", scratch->restored},
             {"altered", scratch->altered}};
  }
  const ordered_json document = {{"status", status_word(exit_status())},
                                 {"time", base::format_rfc3339(time)},
                                 {"seed", seed},
                                 {"snapshots", snapshots},
                                 {"folders", folders},
                                 {"messages", messages},
                                 {"intact", intact},
                                 {"bytes", bytes},
                                 {"receipts", receipts},
                                 {"live", {{"same", same_as_live}, {"gone", gone_from_live}}},
                                 {"scratch", std::move(tried)},
                                 {"troubles", std::move(list)}};
  return base::json_text(document);
}

std::vector<std::string> DrillReport::trouble_lines() const {
  FewOfEach refusals;
  std::vector<std::string> lines;
  for (const DrillTrouble& trouble : troubles) {
    const bool is_refusal = trouble.kind == DrillTroubleKind::kServer;
    if (is_refusal && !refusals.admits(trouble.what, {trouble.account, {}})) continue;
    lines.push_back(fmt::format("{}: {}", place_of(trouble), trouble.what));
  }
  if (refusals.left_out() > 0) {
    lines.push_back(fmt::format("{} that could not be compared with their servers: {}",
                                base::format_count(refusals.left_out(), "more account"),
                                kSeeDrillReport));
  }
  return lines;
}

std::string DrillReport::to_text() const {
  std::string text;
  for (const std::string& line : trouble_lines()) text += line + "\n";
  text += fmt::format(
      "Read back intact: {} of {} ({}) from {} of {}; read whole, as its receipt says: {}.\n",
      base::format_count(intact), base::format_count(messages, "message"), base::format_size(bytes),
      base::format_count(folders, "folder"), base::format_count(snapshots, "snapshot"),
      base::format_count(receipts, "folder"));
  text += fmt::format("{} are the same on their servers, {} are no longer there.\n",
                      base::format_count(same_as_live), base::format_count(gone_from_live));
  if (scratch) {
    text += fmt::format("{} were restored to {} ({} of them altered by its server).\n",
                        base::format_count(scratch->restored),
                        base::escape_for_terminal(scratch->account),
                        base::format_count(scratch->altered));
  }
  text += fmt::format("`drill --seed {}` tries the same sample again.\n", seed);
  return text +
         "A restore needs the key: try your copy of it with `mailstow-backupd key verify FILE`.\n";
}

}  // namespace backupd
