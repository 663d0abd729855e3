#include "base/reporting/last_sweep.h"

#include <algorithm>
#include <cstddef>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/json_text.h"
#include "base/reporting/job_record.h"
#include "base/time_text.h"
#include "base/utf8.h"

namespace base {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxReasons = 100;
constexpr std::size_t kMaxReason = 500;  // bytes

// From the details that sweep_details() wrote, which those of earlier versions lack.
std::vector<SweepReason> read_reasons(const std::string& details) {
  const Json document = parse_json(details);
  if (!document.is_object()) return {};
  std::vector<SweepReason> reasons;
  for (const Json& each : document.value("reasons", Json::array())) {
    const Json tree = each.is_object() ? each.value("tree", Json()) : Json();
    const Json why = each.is_object() ? each.value("why", Json()) : Json();
    if (!tree.is_string() || !why.is_string()) continue;
    reasons.push_back({tree.get<std::string>(), why.get<std::string>()});
  }
  return reasons;
}

}  // namespace

std::string LastSweep::to_text(const std::string& time_zone) const {
  if (!time) return "no sweep has run yet";
  std::string text = "the last sweep was at " + format_zoned(*time, time_zone);
  if (!status) return text + " and has not ended";
  return *status == 0 ? text : text + fmt::format(" and ended with status {}", *status);
}

std::string LastSweep::why(std::string_view tree) const {
  for (const std::string_view id : {tree, std::string_view()}) {
    const auto found = std::ranges::find(reasons, id, &SweepReason::tree);
    if (found != reasons.end()) return found->why;
  }
  return "";
}

LastSweep last_sweep(FileSystem& files, const StoreConfig& store, std::chrono::sys_seconds now) {
  LastSweep last;
  const auto record = load_job_record(files, store, "sweep");
  if (!record) return last;
  last.time = record->ended.value_or(record->started);
  last.status = record->status;
  last.is_recent = !is_in_future(*last.time, now) && now - *last.time <= std::chrono::days(1);
  if (!record->ended) return last;  // the details are those of the sweep before it
  last.reasons = record->error.empty()
                     ? read_reasons(record->details)
                     : std::vector<SweepReason>{{.tree = "", .why = record->error}};
  return last;
}

std::string sweep_details(const std::vector<SweepReason>& reasons) {
  Json list = Json::array();
  for (const SweepReason& reason : reasons) {
    if (list.size() == kMaxReasons) break;
    list.push_back({{"tree", reason.tree}, {"why", shortened(reason.why, kMaxReason)}});
  }
  return json_line({{"reasons", std::move(list)}});
}

}  // namespace base
