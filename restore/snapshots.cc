#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/clock_sighting.h"
#include "base/error.h"
#include "base/id_text.h"
#include "base/log.h"
#include "base/program/pager.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/moment.h"
#include "restore/output.h"
#include "store/clock_guard.h"
#include "store/clock_state.h"
#include "store/format/location.h"
#include "store/maintenance/retention.h"
#include "store/reader.h"

namespace restore {

namespace {

struct ListedSnapshot {
  store::SnapshotInfo info;
  store::TimeDoubt doubt = store::TimeDoubt::kNone;
};

std::vector<ListedSnapshot> with_doubts(std::vector<store::SnapshotInfo>&& snapshots,
                                        const store::ClockState& clock) {
  const std::vector<store::TimeDoubt> doubts = store::time_doubts(snapshots, clock);
  std::vector<ListedSnapshot> list;
  list.reserve(snapshots.size());
  for (std::size_t at = 0; at < snapshots.size(); ++at) {
    list.push_back({std::move(snapshots[at]), doubts[at]});
  }
  return list;
}

nlohmann::ordered_json end_of_pin(const store::SnapshotInfo& snapshot,
                                  std::chrono::sys_seconds now) {
  const bool has_end = snapshot.is_pinned(now) && snapshot.pinned_until != store::kPinnedWithoutEnd;
  if (!has_end) return nullptr;
  return base::format_rfc3339(snapshot.pinned_until);
}

std::string marks_of(const ListedSnapshot& snapshot, std::chrono::sys_seconds now,
                     const std::string& zone) {
  std::vector<std::string> marks;
  if (snapshot.info.is_pinned(now)) marks.push_back(store::pin_text(snapshot.info, zone));
  if (snapshot.doubt != store::TimeDoubt::kNone) {
    marks.emplace_back(store::mark_of(snapshot.doubt));
  }
  return fmt::format("{}", fmt::join(marks, "; "));
}

}  // namespace

base::ExitStatus snapshots(const base::Environment& environment, const std::string& account,
                           const Page& page) {
  const store::Location location = store::location_of(environment.config.store);
  store::Reader reader = store::Reader::open(location, environment.files);
  auto found = reader.snapshots(account);
  if (found.empty()) choose_snapshot(environment, reader, account, "");  // fails with the reason
  const store::ClockState clock =
      store::clock_state(location, environment.files, base::see_clock(environment.clock),
                         store::newest_records(&reader, {}), "mailstow-backupd prune");
  auto all = with_doubts(std::move(found), clock);
  const auto next =
      cut_to_page(all, page, [](const ListedSnapshot& snapshot) { return snapshot.info.id.hex(); });
  const auto now = clock.now;
  if (!clock.doubt.empty()) base::log_warning("{}", clock.doubt);
  std::optional<DocumentStream> document;
  if (environment.format == base::OutputFormat::kJson) {
    document.emplace(nlohmann::ordered_json{{"account", account}}, "snapshots");
  }
  std::vector<std::vector<std::string>> rows;
  for (const ListedSnapshot& one : all) {
    const store::SnapshotInfo& snapshot = one.info;
    const bool is_rescue = snapshot.kind == store::SnapshotKind::kRescue;
    if (document) {
      document->add({{"snapshot", snapshot.id.hex()},
                     {"time", base::format_rfc3339(snapshot.time)},
                     {"kind", is_rescue ? "rescue" : "backup"},
                     {"status", word(snapshot.status)},
                     {"folders", snapshot.folders},
                     {"messages", snapshot.messages},
                     {"bytes", snapshot.bytes},
                     {"sequence", snapshot.sequence},
                     {"in_future", base::is_in_future(snapshot.time, now)},
                     {"doubted", store::is_doubted(one.doubt)},
                     {"pinned", snapshot.is_pinned(now)},
                     {"pinned_until", end_of_pin(snapshot, now)}});
      continue;
    }
    rows.push_back({base::format_zoned(snapshot.time, environment.config.restore.time_zone),
                    is_rescue ? "rescue" : "backup", std::string(word(snapshot.status)),
                    base::format_count(snapshot.folders), base::format_count(snapshot.messages),
                    base::format_size(snapshot.bytes), base::shown_id(snapshot.id.hex()),
                    marks_of(one, now, environment.config.restore.time_zone)});
  }
  if (document) {
    document->end({{"clock_doubted", clock.doubt.empty() ? nlohmann::ordered_json()
                                                         : nlohmann::ordered_json(clock.doubt)},
                   {"next", next_in_json(next)}});
    return base::ExitStatus::kDone;
  }
  const std::string empty =
      rows.empty() ? text_without_rows(page, "The account has no snapshots.\n") : "";
  print_text(empty +
             base::format_table({{"TIME"},
                                 {"KIND"},
                                 {"STATUS"},
                                 {"FOLDERS", base::Align::kRight},
                                 {"MESSAGES", base::Align::kRight},
                                 {"SIZE", base::Align::kRight},
                                 {"ID"},
                                 {""}},
                                rows, base::output_room()) +
             next_page_text(next));
  return base::ExitStatus::kDone;
}

base::Command snapshots_command() {
  struct Arguments {
    std::string account;
    Page page;
  };
  const auto given = std::make_shared<Arguments>();
  return {.name = "snapshots",
          .help = "List the snapshots of an account",
          .declare =
              [given](base::Options& declared) {
                declared.argument("NAME", given->account, "The account").required();
                declare_page(declared, given->page, "ID",
                             "Continue after this snapshot (whole id)");
              },
          .is_audited = base::always,
          .account = [given] { return given->account; },
          .function =
              [given](const auto& environment) {
                return snapshots(environment, given->account, given->page);
              }};
}

}  // namespace restore
