#include "restore/restore_report.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/time_text.h"
#include "restore/output.h"

namespace restore {

namespace {

using nlohmann::ordered_json;

ordered_json refused_to_json(const std::vector<RefusedMessage>& messages) {
  ordered_json documents = ordered_json::array();
  for (const RefusedMessage& message : messages) {
    documents.push_back({{"uid", message.uid.value}, {"reason", message.reason}});
  }
  return documents;
}

}  // namespace

base::ExitStatus RestoreReport::exit_status() const {
  std::uint64_t restored = 0;
  std::uint64_t skipped = 0;
  std::uint64_t not_compared = 0;
  for (const FolderReport& folder : folders) {
    if (folder.has_damage) return base::ExitStatus::kDamaged;
    restored += folder.restored + folder.not_compared;
    not_compared += folder.not_compared;
    skipped += folder.skipped.size();
  }
  if (error.empty() && skipped == 0 && not_compared == 0) return base::ExitStatus::kDone;
  return restored == 0 ? base::ExitStatus::kNothingDone : base::ExitStatus::kPartial;
}

std::string RestoreReport::to_json() const {
  ordered_json documents = ordered_json::array();
  for (const FolderReport& folder : folders) {
    ordered_json altered = ordered_json::array();
    for (const AlteredMessage& message : folder.altered) {
      altered.push_back({{"uid", message.uid.value}, {"how", message.how}});
    }
    documents.push_back({{"source", folder.source},
                         {"target", folder.target},
                         {"messages", folder.messages},
                         {"bytes", folder.bytes},
                         {"renamed", folder.renamed},
                         {"restored", folder.restored},
                         {"not_compared", folder.not_compared},
                         {"uncompared", refused_to_json(folder.uncompared)},
                         {"altered", std::move(altered)},
                         {"skipped", refused_to_json(folder.skipped)}});
  }
  ordered_json document = {
      {"account", account},
      {"to", to},
      {"snapshot", snapshot},
      {"snapshot_time", base::format_rfc3339(snapshot_time)},
      {"passed_over", passed_over_json(passed_over)},
      {"tree", tree.empty() ? ordered_json() : ordered_json(tree)},
      {"expires", tree.empty() ? ordered_json() : ordered_json(base::format_rfc3339(expires))},
      {"quota",
       {{"exempt", quota.exempt ? ordered_json(*quota.exempt) : ordered_json()},
        {"proof", quota.proof}}},
      {"folders", std::move(documents)}};
  if (last_sweep) {
    document["last_sweep"] = {
        {"time",
         last_sweep->time ? ordered_json(base::format_rfc3339(*last_sweep->time)) : ordered_json()},
        {"exit_status", last_sweep->status ? ordered_json(*last_sweep->status) : ordered_json()},
        {"recent", last_sweep->is_recent}};
  }
  document["notes"] = notes;
  document["undated"] = undated;
  if (!error.empty()) document["error"] = error;
  if (plan) {
    ordered_json room;
    if (plan->room) room = {{"usage", plan->room->usage}, {"limit", plan->room->limit}};
    document["plan"] = {{"messages", plan->counts.messages},
                        {"bytes", plan->counts.bytes},
                        {"without_deleted", plan->counts.deleted},
                        {"without_keywords", plan->counts.keywords_lost},
                        {"keywords_unsure", plan->counts.keywords_unsure},
                        {"without_date", plan->counts.undated},
                        {"estimated_seconds", plan->counts.estimated.count()},
                        {"storage_kib", std::move(room)},
                        {"storage_unknown", plan->is_room_unknown},
                        {"took_backup", plan->took_backup}};
  }
  add_head(document);
  return base::json_text(document);
}

}  // namespace restore
