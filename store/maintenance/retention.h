// The plan of which snapshots of an account the policy keeps: a pure value, to be printed before
// anything is dropped.
//
// What any rule keeps is kept, so another rule or a higher number never drops more; and a plan
// carried out leaves nothing for the same plan to drop. Beside the policy's rules:
//   - The newest complete snapshot is never dropped, nor the newest of all (it may hold what a run
//     in progress has stored so far).
//   - `keep_within` and `sweep_keep` count from the newest complete snapshot (where none is
//     complete, the newest), not from now: where backups stopped, nothing fades away.
//   - Of an hour, day, week, month or year the newest complete snapshot is kept, and one that is
//     not complete only where the time has no complete one.
//   - A snapshot dated after `now` comes from a clock that was wrong. It is kept until its time has
//     come and counts for no rule, so that it can't push the real ones out.
//   - What a sweep rescued (SnapshotKind::kRescue) is kept for `sweep_keep` and counts for no other
//     rule.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "store/format/object_id.h"
#include "store/format/snapshot.h"

namespace store {

struct RetentionRules {
  base::RetentionConfig policy;  // a rule of 0 keeps nothing
  std::chrono::seconds sweep_keep = std::chrono::days(90);
  std::string time_zone = "UTC";  // an IANA name: where a day begins
  // Nothing up to this moment is dropped: too much vanished then, and it is not yet acknowledged.
  std::optional<std::chrono::sys_seconds> hold_until = {};
};

enum class Verdict { kKeep, kDrop };

struct RetentionDecision {
  ObjectId snapshot;
  Verdict verdict = Verdict::kDrop;
  std::vector<std::string> reasons;  // for people: "daily 2026-11-21"; never empty
};

// `snapshots` are one account's, in any order; of equal times the later in the list is the newer.
// The decisions are in their order. Fails with kConfig if there is no such time zone.
std::vector<RetentionDecision> plan_retention(std::span<const SnapshotInfo> snapshots,
                                              const RetentionRules& rules,
                                              std::chrono::sys_seconds now);

}  // namespace store
