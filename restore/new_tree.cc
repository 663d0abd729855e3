#include "restore/new_tree.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/id_text.h"
#include "base/log.h"
#include "base/time_text.h"
#include "restore/moment.h"
#include "store/clock_guard.h"
#include "store/doubted_times.h"
#include "store/format/location.h"
#include "store/search_index/query.h"

namespace restore {

namespace {

using std::chrono::sys_seconds;

// The last time at which what deletes trusted the clock.
std::optional<sys_seconds> last_trusted_time(const base::Environment& environment) {
  try {
    const store::Location location = store::location_of(environment.config.store);
    return store::load_clock_memory(environment.files, store::clock_memory_file(location)).last;
  } catch (const base::Error& error) {
    base::log_debug("the last trusted time: {}", error.what());
    return std::nullopt;
  }
}

// The latest time that has certainly come, whatever the clock shows. `snapshots`: all of an
// account.
std::optional<sys_seconds> certain_time(const base::Environment& environment,
                                        std::span<const store::SnapshotInfo> snapshots) {
  const auto trusted = last_trusted_time(environment);
  // If the clock is behind, the right snapshots are in its future.
  sys_seconds latest = environment.clock.now_seconds();
  if (trusted) {
    if (*trusted > latest) latest = *trusted + store::kMaxAhead;
  } else {
    for (const store::SnapshotInfo& snapshot : snapshots) latest = std::max(latest, snapshot.time);
  }
  const auto made = store::latest_certain_time(snapshots, UINT64_MAX, latest);
  if (!trusted || !made) return trusted ? trusted : made;
  return std::max(*trusted, *made);
}

}  // namespace

std::chrono::sys_seconds latest_expiry(const base::Environment& environment,
                                       const std::string& account,
                                       std::chrono::sys_seconds created) {
  return std::min(created, environment.clock.now_seconds()) +
         environment.config.longest_stay_of(account);
}

void refuse_longer_stay(const base::Environment& environment, const std::string& account,
                        std::chrono::seconds stay, std::chrono::sys_seconds created) {
  if (environment.clock.now_seconds() + stay <= latest_expiry(environment, account, created))
    return;
  base::fail(base::ErrorCode::kUsage,
             "--expire-after {}: a tree may stay for {} at most after it was made: give less, or "
             "raise restore.longest_stay",
             base::format_duration(stay),
             base::format_duration(environment.config.longest_stay_of(account)));
}

void begin_tree(store::TreeRecord& record, const base::AccountConfig& account, const Plan& plan,
                const store::ObjectId& snapshot) {
  record.id = store::TreeRecords::new_id();
  record.account = account.name;
  record.server = account.server;
  record.user = account.user;
  record.name = plan.tree;
  record.raw_name = plan.tree_raw_name;
  record.delimiter = plan.delimiter;
  record.snapshot = snapshot;
}

RestoreRequest lasting_request(const base::Environment& environment, store::Reader& reader,
                               RestoreRequest request, const store::ObjectId& snapshot) {
  SelectionOptions& selection = request.selection;
  selection.at = snapshot.hex();
  const auto snapshots = reader.snapshots(request.account);
  if (!snapshots.empty()) request.made_after = snapshots.back().sequence;
  request.not_before = certain_time(environment, snapshots);
  for (std::string* text : {&selection.since, &selection.before}) {
    if (!base::begins_an_id(*text)) continue;
    *text = base::format_rfc3339(
        parse_moment(environment, reader, request.account, *text, selection.asked));
  }
  if (!selection.query.empty()) {
    static_cast<void>(store::Query::parse(selection.query, [&](const std::string& text) {
      const sys_seconds time =
          parse_moment(environment, reader, request.account, text, selection.asked);
      selection.query_times.emplace(text, time);
      return time;
    }));
  }
  return request;
}

}  // namespace restore
