// Rules for tests of the retention, and what they keep.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "store/maintenance/retention.h"

namespace store {

// No rule keeps anything.
inline RetentionRules no_rules() {
  RetentionRules rules;
  rules.policy = {.keep_within = std::chrono::seconds(0),
                  .last = 0,
                  .hourly = 0,
                  .daily = 0,
                  .weekly = 0,
                  .monthly = 0,
                  .yearly = 0};
  return rules;
}

// Those of `snapshots` that a prune at `now` keeps, in their order.
inline std::vector<SnapshotInfo> kept_by(const RetentionRules& rules,
                                         const std::vector<SnapshotInfo>& snapshots,
                                         std::chrono::sys_seconds now) {
  const auto plan = plan_retention(snapshots, rules, now);
  std::vector<SnapshotInfo> kept;
  for (std::size_t at = 0; at < plan.size(); ++at) {
    if (plan[at].verdict == Verdict::kKeep) kept.push_back(snapshots[at]);
  }
  return kept;
}

}  // namespace store
