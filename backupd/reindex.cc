#include "store/maintenance/reindex.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/daemon/store_loan.h"
#include "base/json_text.h"
#include "base/terminal.h"

namespace backupd {

base::ExitStatus reindex(const base::Environment& environment) {
  const StoreLoan loan(environment, "reindex");
  const store::ReindexReport report =
      store::reindex(store::location_of(environment.config.store), environment.files);
  const nlohmann::ordered_json document = {
      {"status", report.damage.empty() ? "complete" : "damaged"},
      {"packs", report.packs},
      {"messages", report.messages},
      {"damage", report.damage}};
  std::string text =
      fmt::format("Rebuilt the index from {}: {}.\n", base::format_count(report.packs, "pack"),
                  base::format_count(report.messages, "message"));
  for (const std::string& line : report.damage) {
    text += "Lost: " + base::escape_for_terminal(line) + "\n";
  }
  if (!report.damage.empty()) text += "To list the damaged messages: mailstow-backupd check\n";
  base::print_report(environment.format, base::json_text(document), text);
  return report.damage.empty() ? base::ExitStatus::kDone : base::ExitStatus::kDamaged;
}

base::Command reindex_command() {
  return {.name = "reindex",
          .help = "Rebuild the index from the packs",
          .is_audited = base::always,
          .function = reindex};
}

}  // namespace backupd
