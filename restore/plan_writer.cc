#include "restore/plan_writer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"

namespace restore {

namespace {

// After a lost connection. The longest pause bridges a restart of the server.
constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kMaxPause{25};
constexpr int kPauseGrows = 5;

void add_to(FolderReport& report, FolderReport written) {
  report.restored = written.restored;
  report.not_compared = written.not_compared;
  report.uncompared = std::move(written.uncompared);
  report.has_damage = written.has_damage;
  report.altered = std::move(written.altered);
  report.skipped.insert(report.skipped.end(), written.skipped.begin(), written.skipped.end());
  std::sort(report.skipped.begin(), report.skipped.end(),
            [](const auto& a, const auto& b) { return a.uid < b.uid; });
}

}  // namespace

FolderReport report_of(const PlannedFolder& folder) {
  FolderReport report{folder.source, folder.target, 0, 0, {}, folder.left_out,
                      folder.bytes,  folder.renamed};
  report.messages = folder.messages.size() + folder.left_out.size();
  return report;
}

void PlanWriter::write(RestoreTarget& target, Start start) {
  for (auto pause = kFirstPause;; pause *= kPauseGrows) {
    const bool is_first = pause == kFirstPause;
    try {
      if (!is_first) {
        destination_.session = destination_.open();
        target.check_again();
      }
      return write_once(target, is_first ? start : Start::kResumed);
    } catch (const base::Error& error) {
      if (!base::is_connection_trouble(error.code()) || pause > kMaxPause) throw;
      base::log_warning("{}; another connection in {} s", error.what(), pause.count());
      destination_.progress.begin_again();
    }
    destination_.clock.sleep_for(pause);
  }
}

void PlanWriter::write_once(RestoreTarget& target, Start start) {
  // The server may still be processing commands of a lost connection, or of a killed run.
  if (start == Start::kResumed) destination_.clock.sleep_for(std::chrono::seconds(1));
  const store::TreeLevel nothing;
  TreeWriter writer(destination_.session, destination_.open, destination_.connections, reader_,
                    destination_.clock);
  std::vector<std::size_t> places;  // of the written folders, in the report
  std::vector<store::TreeLevel*> levels;
  report_.folders.clear();
  for (const PlannedFolder& folder : plan_.folders) {
    if (!folder.holds_messages) continue;
    FolderReport report = report_of(folder);
    const std::string refusal = target.refusal(folder.target_raw_name);
    if (refusal.empty()) {
      places.push_back(report_.folders.size());
      levels.push_back(target.level(folder.target_raw_name));
      writer.add(folder, levels.back() == nullptr ? nothing : *levels.back(), start);
    } else {
      for (const auto& entry : folder.messages) report.skipped.push_back({entry.uid, refusal});
    }
    report_.folders.push_back(std::move(report));
  }
  const auto take_report = [&] {
    std::vector<FolderReport> reports = writer.report();
    for (std::size_t at = 0; at < places.size(); ++at) {
      add_to(report_.folders[places[at]], std::move(reports[at]));
    }
    report_.without_deleted = writer.left_off_deleted();
  };
  std::vector<std::string> names;  // of the written folders
  names.reserve(places.size());
  for (const std::size_t place : places) names.push_back(report_.folders[place].source);
  writer.on_handled([&](std::size_t at, std::uint64_t messages, std::uint64_t bytes) {
    destination_.progress.advance(names[at], messages, bytes);
  });
  try {
    writer.run([&](std::size_t at, const FolderRestore& folder) {
      destination_.progress.finish_folder(names[at]);
      if (levels[at] != nullptr) {
        levels[at]->messages = folder.recorded();
        target.record();
      }
      base::log_info("{}: {}", base::escape_for_terminal(folder.planned().target),
                     base::format_count(folder.recorded().size(), "message"));
    });
  } catch (...) {  // an error, or a stop
    take_report();
    throw;
  }
  take_report();
}

}  // namespace restore
