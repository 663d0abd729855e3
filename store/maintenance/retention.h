// Plans which snapshots of an account the policy keeps: a pure value, to be printed before anything
// is dropped.
//
// A snapshot kept by any rule is kept, so another rule or a higher number never drops more; and
// once a plan is carried out, the same plan has nothing to drop. Where that would not hold, because
// what is dropped shows which of many nights had a wrong clock, all is kept up to the last one that
// helps to show it, and only later ones are dropped; if that is not enough, nothing is. Besides the
// policy's rules:
//   - The newest complete snapshot is never dropped, nor the newest of all (it may hold what a run
//     in progress has stored so far).
//   - `keep_within` and `sweep_keep` count from the newest complete snapshot (if none is
//     complete, the newest), not from now: if backups stop, nothing expires. After a gap of more
//     than two days between backups they count from the newest one before it, too, until the
//     backups since then span two days: the clock may have jumped ahead, and the guard of what
//     deletes trusts it after an hour (store/clock_guard.h). With a backup a week, they so always
//     count from the newest but one. What shows the gap is kept with what that keeps.
//   - Of an hour, day, week, month or year the newest complete snapshot is kept; one that is not
//     complete is kept only if that period has no complete one.
//   - A snapshot in the future of `now` (base::is_in_future()) comes from a wrong clock. It is kept
//     until that time has come and counts for no rule, so that it can't displace the real ones.
//   - A snapshot whose time contradicts the order in which they were made (store/doubted_times.h)
//     takes the place of no other within a duration or in a period: these rules also keep what they
//     would keep without it. `last` counts in the order in which they were made.
//   - A snapshot dated before one that was made earlier may be younger than it seems. For
//     `keep_within` and `sweep_keep` it counts as made when the next one was whose time follows the
//     order, and the rules of periods also keep what they would keep if the clock had been right
//     before it went back. What shows that it did is kept with it
//     (store/maintenance/contradicted_times.h).
//   - A pinned snapshot is kept until its pin ends; one that an alarm compares is kept too.
//   - A sweep's rescue (SnapshotKind::kRescue) is kept for `sweep_keep` and counts for no other
//     rule.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/config.h"
#include "store/format/object_id.h"
#include "store/format/snapshot.h"

namespace store {

struct RetentionRules {
  base::RetentionConfig policy;  // a rule of 0 keeps nothing
  std::chrono::seconds sweep_keep = std::chrono::days(90);
  std::string time_zone = "UTC";  // an IANA name: decides when a day begins
  // Nothing up to the snapshot with this sequence is dropped: too much vanished before it, which is
  // not yet acknowledged.
  std::optional<std::uint64_t> hold_through = {};
  // The sequences of backups that an alarm compares with later ones: they are kept.
  std::set<std::uint64_t> compared = {};
  // Accounts skip sequences up to this one (Reader::used_up()).
  std::uint64_t used_up = 0;
};

enum class Verdict { kKeep, kDrop };

struct RetentionDecision {
  ObjectId snapshot;
  Verdict verdict = Verdict::kDrop;
  std::vector<std::string> reasons;  // for people: "daily 2026-11-21"; never empty
  bool is_doubted = false;           // a wrong clock dated it (store/doubted_times.h)
};

// "pinned", or "pinned until TIME" in `zone`.
std::string pin_text(const SnapshotInfo& snapshot, std::string_view zone);

// `snapshots` are those of one account, in any order: the one with the highest sequence is the
// newest. The decisions are in the same order. Fails with kConfig if the time zone does not
// exist.
std::vector<RetentionDecision> plan_retention(std::span<const SnapshotInfo> snapshots,
                                              const RetentionRules& rules,
                                              std::chrono::sys_seconds now);

}  // namespace store
