#include "restore/moment.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

#include <fmt/core.h>

#include "base/clock_sighting.h"
#include "base/error.h"
#include "base/id_text.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/account_suggestion.h"
#include "store/clock_state.h"
#include "store/find_snapshot.h"
#include "store/format/location.h"

namespace restore {

namespace {

using std::chrono::sys_seconds;

// For text that is neither a snapshot's id nor a time. Fails if it can only be meant as an id.
void refuse_id(const std::string& text) {
  constexpr std::size_t kMinMeantAsId = 4;  // shorter text may be a word
  const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
  const bool has_digit = text.find_first_of("0123456789") != std::string::npos;
  if (!is_hex || !has_digit || text.size() < kMinMeantAsId) return;
  if (text.size() < base::kMinIdDigits) {
    base::fail(base::ErrorCode::kUsage, "snapshot {}: too short for an id: give {} digits or more",
               text, base::kMinIdDigits);
  }
  base::fail(base::ErrorCode::kNotFound,
             "snapshot {}: the account has no such snapshot: `mailstow-restore snapshots` lists "
             "those it has",
             text);
}

// The span of time that `text` names if it is not a snapshot's id.
base::TimeSpan parse_span(const base::Environment& environment, const std::string& text,
                          std::optional<sys_seconds> asked) {
  const auto now = asked.value_or(environment.clock.now_seconds());
  try {
    return base::parse_time_span(text, environment.config.restore.time_zone, now);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kUsage) throw;
    refuse_id(text);
    base::fail(base::ErrorCode::kUsage,
               "{}; or write today, yesterday, monday or '3 days ago'; a snapshot is also named by "
               "the first {} or more digits of its id",
               error.what(), base::kMinIdDigits);
  }
}

// Whether `one` would be chosen before `other`, by the times alone.
bool precedes(const store::SnapshotInfo& one, const store::SnapshotInfo& other) {
  return std::tie(one.time, one.sequence) > std::tie(other.time, other.sequence);
}

std::vector<store::TimeDoubt> doubts_about(const base::Environment& environment,
                                           const std::vector<store::SnapshotInfo>& snapshots) {
  const store::ClockState clock =
      store::clock_state(store::location_of(environment.config.store), environment.files,
                         base::see_clock(environment.clock), {}, "mailstow-backupd prune");
  return store::time_doubts(snapshots, clock);
}

// Which of them a time passes over. One of the present clock stays, though that may be wrong: the
// time that was asked for is probably read from the same clock.
std::vector<bool> wrongly_dated(const base::Environment& environment,
                                const std::vector<store::SnapshotInfo>& snapshots) {
  std::vector<bool> wrong;
  wrong.reserve(snapshots.size());
  for (const store::TimeDoubt doubt : doubts_about(environment, snapshots)) {
    wrong.push_back(store::is_doubted(doubt) && doubt != store::TimeDoubt::kMayBeAhead);
  }
  return wrong;
}

// The dates of messages are compared with its time, which is of no use if a wrong clock showed it.
void refuse_doubted(const base::Environment& environment, store::Reader& reader,
                    const store::SnapshotInfo& named) {
  const std::vector<store::SnapshotInfo> snapshots = reader.snapshots(named.account);
  const std::vector<store::TimeDoubt> doubts = doubts_about(environment, snapshots);
  const auto found = std::ranges::find(snapshots, named.id, &store::SnapshotInfo::id);
  if (found == snapshots.end()) return;
  const store::TimeDoubt doubt = doubts[static_cast<std::size_t>(found - snapshots.begin())];
  if (!store::is_doubted(doubt)) return;
  base::fail(base::ErrorCode::kUsage,
             "snapshot {}: its time, {}, can't be compared with the dates of messages ({}): give "
             "the time itself instead of the id, such as 2026-11-24T02:30",
             base::shown_id(named.id.hex()),
             base::format_zoned(named.time, environment.config.restore.time_zone),
             store::mark_of(doubt));
}

void report_passed_over(const base::Environment& environment,
                        const std::vector<store::SnapshotInfo>& snapshots) {
  constexpr std::size_t kMaxNamed = 5;  // the others are in JSON
  for (const store::SnapshotInfo& snapshot :
       std::span(snapshots).first(std::min(snapshots.size(), kMaxNamed))) {
    base::log_warning(
        "account {}: the snapshot of {} is passed over, because a wrong clock dated it: --at {} "
        "chooses it",
        base::escape_for_terminal(snapshot.account),
        base::format_zoned(snapshot.time, environment.config.restore.time_zone),
        base::shown_id(snapshot.id.hex()));
  }
  if (snapshots.size() <= kMaxNamed) return;
  base::log_warning(
      "account {}: {} more snapshots that a wrong clock dated are passed over: `mailstow-restore "
      "snapshots` lists all",
      base::escape_for_terminal(snapshots.front().account), snapshots.size() - kMaxNamed);
}

// `snapshots`: of one account, not empty.
[[noreturn]] void fail_without_earlier(const base::Environment& environment,
                                       const std::vector<store::SnapshotInfo>& snapshots,
                                       const std::string& at, sys_seconds last) {
  const std::string& zone = environment.config.restore.time_zone;
  const std::vector<bool> doubted = wrongly_dated(environment, snapshots);
  std::string why;
  for (std::size_t i = 0; i < snapshots.size() && why.empty(); ++i) {
    if (doubted[i]) continue;
    why = ": the oldest is from " + base::format_zoned(snapshots[i].time, zone);
  }
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    if (!doubted[i] || snapshots[i].time > last) continue;
    why += fmt::format("; a wrong clock dated that of {}: --at {} chooses it",
                       base::format_zoned(snapshots[i].time, zone),
                       base::shown_id(snapshots[i].id.hex()));
    break;
  }
  base::fail(base::ErrorCode::kNotFound, "account {}: it has no snapshot from {} or before{}",
             base::escape_for_terminal(snapshots.front().account), at.empty() ? "now" : at, why);
}

}  // namespace

sys_seconds parse_moment(const base::Environment& environment, store::Reader& reader,
                         const std::string& account, const std::string& text,
                         std::optional<sys_seconds> asked) {
  if (const auto named = store::find_snapshot(reader, account, text)) {
    refuse_doubted(environment, reader, *named);
    return named->time;
  }
  return parse_span(environment, text, asked).begin;
}

std::optional<ChosenSnapshot> snapshot_at(const base::Environment& environment,
                                          store::Reader& reader, const std::string& account,
                                          sys_seconds time) {
  const std::vector<store::SnapshotInfo> snapshots = reader.snapshots(account);
  const std::vector<bool> doubted = wrongly_dated(environment, snapshots);
  // In the order in which they were made, so of equal times the last one counts.
  const store::SnapshotInfo* chosen = nullptr;
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    const store::SnapshotInfo& snapshot = snapshots[i];
    if (snapshot.kind != store::SnapshotKind::kBackup || snapshot.time > time) continue;
    if (doubted[i]) continue;
    if (chosen == nullptr || snapshot.time >= chosen->time) chosen = &snapshot;
  }
  if (chosen == nullptr) return std::nullopt;
  ChosenSnapshot choice{*chosen};
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    const store::SnapshotInfo& snapshot = snapshots[i];
    const bool is_passed_over = doubted[i] && snapshot.kind == store::SnapshotKind::kBackup &&
                                snapshot.time <= time && precedes(snapshot, *chosen);
    if (is_passed_over) choice.passed_over.push_back(snapshot);
  }
  report_passed_over(environment, choice.passed_over);
  return choice;
}

std::optional<ChosenSnapshot> snapshot_before(const base::Environment& environment,
                                              store::Reader& reader, const std::string& account,
                                              sys_seconds time) {
  return snapshot_at(environment, reader, account, time - std::chrono::seconds(1));
}

std::optional<ChosenSnapshot> start_of_history(const base::Environment& environment,
                                               store::Reader& reader, const std::string& account,
                                               const std::string& since) {
  if (const auto named = store::find_snapshot(reader, account, since)) {
    return ChosenSnapshot{*named};
  }
  return snapshot_before(environment, reader, account,
                         parse_span(environment, since, std::nullopt).begin);
}

ChosenSnapshot choose_snapshot(const base::Environment& environment, store::Reader& reader,
                               const std::string& account, const std::string& at) {
  if (const auto named = store::find_snapshot(reader, account, at)) return {*named};
  sys_seconds last = sys_seconds::max();
  if (at.empty()) {
    if (const auto newest = reader.newest_snapshot(account)) return {*newest};
  } else {
    last = parse_span(environment, at, std::nullopt).end - std::chrono::seconds(1);
    if (const auto chosen = snapshot_at(environment, reader, account, last)) return *chosen;
  }
  const auto all = reader.snapshots(account);
  if (all.empty()) {
    // The same for every account: an older snapshot must not show that it exists.
    if (environment.config.store.reach) {
      base::fail(base::ErrorCode::kNotFound,
                 "account {}: it has no snapshot within the reach of this command: if it has "
                 "older ones, an earlier --reach includes them",
                 base::escape_for_terminal(account));
    }
    base::fail(base::ErrorCode::kNotFound,
               "account {}: it has no snapshot{}: `mailstow-restore accounts` lists those that do",
               base::escape_for_terminal(account),
               store::account_suggestion(environment.config, &reader, account));
  }
  fail_without_earlier(environment, all, at, last);
}

}  // namespace restore
