#include <memory>
#include <optional>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/id_text.h"
#include "base/program/pager.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/moment.h"
#include "restore/output.h"
#include "store/format/location.h"
#include "store/maintenance/retention.h"
#include "store/reader.h"

namespace restore {

namespace {

bool lies_in_future(const store::SnapshotInfo& snapshot, std::chrono::sys_seconds now) {
  return snapshot.time > now + base::kClockSlack;
}

nlohmann::ordered_json end_of_pin(const store::SnapshotInfo& snapshot,
                                  std::chrono::sys_seconds now) {
  const bool has_end = snapshot.is_pinned(now) && snapshot.pinned_until != store::kPinnedWithoutEnd;
  if (!has_end) return nullptr;
  return base::format_rfc3339(snapshot.pinned_until);
}

std::string marks_of(const store::SnapshotInfo& snapshot, std::chrono::sys_seconds now,
                     const std::string& zone) {
  std::vector<std::string> marks;
  if (snapshot.is_pinned(now)) marks.push_back(store::pin_text(snapshot, zone));
  if (lies_in_future(snapshot, now)) {
    marks.emplace_back("in the future: the clock was ahead");
  }
  return fmt::format("{}", fmt::join(marks, "; "));
}

}  // namespace

base::ExitStatus snapshots(const base::Environment& environment, const std::string& account,
                           const Page& page) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  auto all = reader.snapshots(account);
  if (all.empty()) choose_snapshot(environment, reader, account, "");  // fails with the reason
  const auto next =
      cut_to_page(all, page, [](const store::SnapshotInfo& snapshot) { return snapshot.id.hex(); });
  const auto now = environment.clock.now_seconds();
  std::optional<DocumentStream> document;
  if (environment.format == base::OutputFormat::kJson) {
    document.emplace(nlohmann::ordered_json{{"account", account}}, "snapshots");
  }
  std::vector<std::vector<std::string>> rows;
  for (const store::SnapshotInfo& snapshot : all) {
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
                     {"in_future", lies_in_future(snapshot, now)},
                     {"pinned", snapshot.is_pinned(now)},
                     {"pinned_until", end_of_pin(snapshot, now)}});
      continue;
    }
    rows.push_back({base::format_zoned(snapshot.time, environment.config.restore.time_zone),
                    is_rescue ? "rescue" : "backup", std::string(word(snapshot.status)),
                    base::format_count(snapshot.folders), base::format_count(snapshot.messages),
                    base::format_size(snapshot.bytes), base::shown_id(snapshot.id.hex()),
                    marks_of(snapshot, now, environment.config.restore.time_zone)});
  }
  if (document) {
    document->end({{"next", next_in_json(next)}});
    return base::ExitStatus::kDone;
  }
  base::print_paged(base::format_table({{"TIME"},
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
