#include "restore/unreachable_trees.h"

#include <algorithm>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"

namespace restore {

namespace {

using std::chrono::sys_seconds;

// An hourly sweep may begin a little earlier than the day before.
constexpr std::chrono::hours kReportAgain{23};
constexpr std::uint64_t kMaxUnreachableFile = std::uint64_t{64} << 20;  // bytes

base::Path unreachable_file(const base::StoreConfig& store) {
  return store.index / "unreachable-trees.json";
}

sys_seconds time_from(const nlohmann::ordered_json& number) {
  return sys_seconds(std::chrono::seconds(number.get<std::int64_t>()));
}

}  // namespace

UnreachableTrees UnreachableTrees::load(base::FileSystem& files, const base::StoreConfig& store) {
  UnreachableTrees trees;
  try {
    const auto bytes = base::read_file(files, unreachable_file(store), kMaxUnreachableFile);
    if (!bytes) return trees;
    const auto document = base::parse_json(base::as_text(*bytes));
    if (!document.is_object()) return trees;
    for (const auto& [id, times] : document.items()) {
      if (!times.is_array() || times.size() < 2) continue;
      if (!times[0].is_number_integer() || !times[1].is_number_integer()) continue;
      Times& known = trees.trees_[id];
      known = {time_from(times[0]), time_from(times[1])};
      if (times.size() > 2 && times[2].is_string()) times[2].get_to(known.why);
    }
  } catch (const base::Error& error) {
    base::log_warning("{}: the time for which trees could not be reached counts from now",
                      error.what());
  }
  trees.saved_ = trees.trees_;
  return trees;
}

UnreachableTrees::Verdict UnreachableTrees::note(const std::string& tree_id, sys_seconds now,
                                                 const std::string& why) {
  const auto [found, is_new] = trees_.try_emplace(tree_id, Times{now, now});
  Times& times = found->second;
  times.why = why;
  if (times.since > now) times.since = now;
  Verdict verdict;
  verdict.since = times.since;
  verdict.is_over = now - times.since >= kUnreachablePeriod;
  verdict.is_report_due = is_new || times.reported > now || now - times.reported >= kReportAgain;
  if (verdict.is_report_due) times.reported = now;
  return verdict;
}

std::optional<UnreachableTrees::Reason> UnreachableTrees::reason_for(
    const std::string& tree_id) const {
  const auto found = trees_.find(tree_id);
  if (found == trees_.end()) return std::nullopt;
  return Reason{found->second.why, found->second.since};
}

void UnreachableTrees::keep_only(std::span<const store::TreeRecord> due) {
  std::erase_if(trees_, [&](const auto& tree) {
    return std::ranges::find(due, tree.first, &store::TreeRecord::id) == due.end();
  });
}

void UnreachableTrees::save(base::FileSystem& files, const base::StoreConfig& store) const {
  if (trees_ == saved_) return;
  nlohmann::ordered_json document = nlohmann::ordered_json::object();
  for (const auto& [id, times] : trees_) {
    document[id] = {times.since.time_since_epoch().count(),
                    times.reported.time_since_epoch().count(), times.why};
  }
  const std::string text = base::json_line(document) + "\n";
  base::make_directories(files, store.index);
  base::write_file(files, unreachable_file(store), base::as_bytes(text),
                   base::OnExisting::kReplace);
}

}  // namespace restore
