#include "backupd/prune_report.h"

#include <map>
#include <string>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

namespace {

const char* word(store::PackFate fate) {
  switch (fate) {
    case store::PackFate::kKeep:
      return "keep";
    case store::PackFate::kRewrite:
      return "rewrite";
    case store::PackFate::kCondemn:
      return "condemn";
  }
  return "keep";
}

// " (2: it is small; 6: part of it is dead)": how many packs are replaced for each reason.
std::string reasons_of(const store::PruneReport& report) {
  std::map<std::string, std::uint64_t> packs;
  for (const auto& pack : report.packs) {
    if (pack.choice.fate == store::PackFate::kKeep) continue;
    // A percentage differs from pack to pack.
    const bool is_percentage = pack.choice.reason.find_first_of("0123456789") == 0;
    ++packs[is_percentage ? "part of it is dead" : pack.choice.reason];
  }
  std::string text;
  for (const auto& [reason, count] : packs) {
    text += fmt::format("{}{}: {}", text.empty() ? " (" : "; ", base::format_count(count), reason);
  }
  return text.empty() ? text : text + ")";
}

}  // namespace

nlohmann::ordered_json prune_json(const store::PruneReport& report) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& pack : report.packs) {
    list.push_back({{"pack", pack.name.hex()},
                    {"bytes", pack.size},
                    {"fate", word(pack.choice.fate)},
                    {"reason", pack.choice.reason}});
  }
  return {{"dropped", report.dropped},
          {"steps", report.steps},
          {"packs",
           {{"rewritten", report.rewritten},
            {"condemned", report.condemned},
            {"condemned_bytes", report.condemned_bytes},
            {"written_bytes", report.written_bytes},
            {"deleted", report.deleted},
            {"deleted_bytes", report.deleted_bytes},
            {"waiting", report.waiting},
            {"waiting_bytes", report.waiting_bytes},
            {"grace_not_begun", report.not_begun},
            {"left", report.left},
            {"left_bytes", report.left_bytes},
            {"shortage", report.shortage},
            {"not_recompressed", report.not_recompressed},
            {"older_reader", report.has_older_reader},
            {"list", std::move(list)}}},
          {"leftovers", report.leftovers}};
}

std::string describe_left(const store::PruneReport& report) {
  if (report.left == 0 && report.shortage.empty()) return "";
  std::string text;
  if (report.left > 0) {
    text = fmt::format(
        "{} of {} with data that no snapshot needs: not rewritten, because the disk "
        "lacks the room",
        base::format_count(report.left, "pack"), base::format_size(report.left_bytes));
  } else {
    text = "prune ended early";
  }
  if (!report.shortage.empty()) text += " (" + base::escape_for_terminal(report.shortage) + ")";
  if (report.waiting > 0) {
    return text + ": the first prune after the grace period deletes packs and continues";
  }
  return text + ": free some space on the store's disk, or lower store.keep_free_mb";
}

std::string prune_text(const store::PruneReport& report, store::PruneMode mode,
                       std::chrono::seconds grace) {
  const bool is_plan = mode == store::PruneMode::kPlan;
  std::string text = fmt::format("{}: {}.\n", base::format_count(report.dropped, "snapshot"),
                                 is_plan ? "to be dropped" : "dropped");
  text += fmt::format("{} of {}: {}", base::format_count(report.condemned, "pack"),
                      base::format_size(report.condemned_bytes),
                      is_plan ? "to be replaced" + reasons_of(report) : "replaced");
  if (!is_plan) text += fmt::format(" by {}", base::format_size(report.written_bytes));
  text += fmt::format(
      ".\n{} of {}, replaced earlier: {}.\n", base::format_count(report.deleted, "pack"),
      base::format_size(report.deleted_bytes), is_plan ? "to be deleted" : "deleted");
  if (report.waiting > 0) {
    text += fmt::format("{} of {}, replaced: to be deleted by the first prune {} after that{}.\n",
                        base::format_count(report.waiting, "pack"),
                        base::format_size(report.waiting_bytes), base::format_duration(grace),
                        report.has_older_reader ? ", once no reader uses them" : "");
  }
  if (report.not_begun > 0) {
    text += fmt::format(
        "For {} of them that time has not begun: the system's clock is behind a snapshot. It "
        "begins "
        "with the first prune once the clock has passed that, later backups span two days, or "
        "--now confirms the clock.\n",
        base::format_count(report.not_begun));
  }
  const std::string left = describe_left(report);
  if (!left.empty()) text += left + ".\n";
  if (report.not_recompressed > 0) {
    text += fmt::format("{} will be compressed harder once there is plenty of room.\n",
                        base::format_count(report.not_recompressed, "pack"));
  }
  for (const std::string& path : report.leftovers) {
    text += fmt::format("{}: left by an interrupted program, removed.\n",
                        base::escape_for_terminal(path));
  }
  return text;
}

}  // namespace backupd
