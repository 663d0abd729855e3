#include <nlohmann/json.hpp>

#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/output.h"
#include "store/format/location.h"
#include "store/reader.h"

namespace restore {

base::ExitStatus accounts(const base::Environment& environment) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  auto documents = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : reader.accounts()) {
    const auto all = reader.snapshots(name);
    const store::SnapshotInfo& newest = all.back();
    documents.push_back({{"account", name},
                         {"snapshots", all.size()},
                         {"newest", base::format_rfc3339(newest.time)},
                         {"folders", newest.folders},
                         {"messages", newest.messages},
                         {"bytes", newest.bytes}});
    rows.push_back({name, std::to_string(all.size()),
                    base::format_zoned(newest.time, environment.config.restore.time_zone),
                    base::format_count(newest.messages), base::format_size(newest.bytes)});
  }
  print(environment.format, {{"accounts", std::move(documents)}},
        base::format_table({{"ACCOUNT", base::Align::kLeft, base::Width::kCut},
                            {"SNAPSHOTS", base::Align::kRight},
                            {"NEWEST"},
                            {"MESSAGES", base::Align::kRight},
                            {"SIZE", base::Align::kRight}},
                           rows, base::output_room()));
  return base::ExitStatus::kDone;
}

base::Command accounts_command() {
  return {
      .name = "accounts", .help = "List the accounts that have snapshots", .function = accounts};
}

}  // namespace restore
