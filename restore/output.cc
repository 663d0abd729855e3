#include "restore/output.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/id_text.h"
#include "base/json_text.h"
#include "base/program/pager.h"
#include "base/time_text.h"

namespace restore {

void print(base::OutputFormat format, const nlohmann::ordered_json& document,
           std::string_view text) {
  if (format == base::OutputFormat::kText) {
    base::print_paged(text);
    return;
  }
  base::print_result(base::json_text(document));
}

void print_report(base::OutputFormat format, const nlohmann::ordered_json& document,
                  std::string_view text) {
  base::after_work("the report was not printed", [&] { print(format, document, text); });
}

std::string origin_text(const store::SnapshotInfo& snapshot, std::string_view zone) {
  return fmt::format("From the snapshot of {} ({}).\n", base::format_zoned(snapshot.time, zone),
                     base::shown_id(snapshot.id.hex()));
}

void add_origin(nlohmann::ordered_json& document, const store::SnapshotInfo& snapshot) {
  document["snapshot"] = snapshot.id.hex();
  document["snapshot_time"] = base::format_rfc3339(snapshot.time);
}

}  // namespace restore
