#include "store/maintenance/reindex.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/daemon/store_loan.h"
#include "base/terminal.h"

namespace backupd {

base::ExitStatus reindex(const base::Environment& environment) {
  const StoreLoan loan(environment, "reindex");
  const store::ReindexReport report =
      store::reindex(store::location_of(environment.config.store), environment.files);
  if (environment.format == base::OutputFormat::kJson) {
    using nlohmann::ordered_json;
    const ordered_json document = {{"status", report.damage.empty() ? "complete" : "damaged"},
                                   {"packs", report.packs},
                                   {"messages", report.messages},
                                   {"damage", report.damage}};
    base::print_result(document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  } else {
    std::string text =
        fmt::format("Rebuilt the index from {} packs: {} messages.\n",
                    base::format_count(report.packs), base::format_count(report.messages));
    for (const std::string& line : report.damage) {
      text += "Lost: " + base::escape_for_terminal(line) + "\n";
    }
    if (!report.damage.empty()) text += "To list the damaged messages: mailstow-backupd check\n";
    base::print_result(text);
  }
  return report.damage.empty() ? base::ExitStatus::kDone : base::ExitStatus::kDamaged;
}

}  // namespace backupd
