#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock_sighting.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/output.h"
#include "store/clock_guard.h"
#include "store/clock_state.h"
#include "store/format/location.h"
#include "store/reader.h"

namespace restore {

base::ExitStatus accounts(const base::Environment& environment, const Page& page) {
  const store::Location location = store::location_of(environment.config.store);
  store::Reader reader = store::Reader::open(location, environment.files);
  const store::ClockState clock =
      store::clock_state(location, environment.files, base::see_clock(environment.clock),
                         store::newest_records(&reader, {}), "mailstow-backupd prune");
  auto documents = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> names = reader.accounts();
  const auto next = cut_to_page(names, page, [](const std::string& name) { return name; });
  for (const std::string& name : names) {
    const auto all = reader.snapshots(name);
    const store::SnapshotInfo& newest = all.back();
    const store::TimeDoubt doubt = store::time_doubts(all, clock).back();
    documents.push_back({{"account", name},
                         {"snapshots", all.size()},
                         {"newest", base::format_rfc3339(newest.time)},
                         {"newest_doubted", store::is_doubted(doubt)},
                         {"folders", newest.folders},
                         {"messages", newest.messages},
                         {"bytes", newest.bytes}});
    rows.push_back({name, std::to_string(all.size()),
                    base::format_zoned(newest.time, environment.config.restore.time_zone),
                    base::format_count(newest.messages), base::format_size(newest.bytes),
                    std::string(store::mark_of(doubt))});
  }
  const std::string empty =
      rows.empty() ? text_without_rows(page, "No account has a snapshot.\n") : "";
  print(environment.format, {{"accounts", std::move(documents)}, {"next", next_in_json(next)}},
        empty +
            base::format_table({{"ACCOUNT", base::Align::kLeft, base::Width::kCut},
                                {"SNAPSHOTS", base::Align::kRight},
                                {"NEWEST"},
                                {"MESSAGES", base::Align::kRight},
                                {"SIZE", base::Align::kRight},
                                {""}},
                               rows, base::output_room()) +
            next_page_text(next));
  return base::ExitStatus::kDone;
}

base::Command accounts_command() {
  const auto page = std::make_shared<Page>();
  return {.name = "accounts",
          .help = "List the accounts that have snapshots",
          .declare =
              [page](base::Options& declared) {
                declare_page(declared, *page, "NAME", "Continue after this entry");
              },
          .function = [page](const auto& environment) { return accounts(environment, *page); }};
}

}  // namespace restore
