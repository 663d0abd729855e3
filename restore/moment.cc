#include "restore/moment.h"

#include <algorithm>

#include "base/error.h"
#include "base/id_text.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/find_snapshot.h"

namespace restore {

namespace {

using std::chrono::sys_seconds;

// For text that names no snapshot and is no time. Fails if it can only be meant as an id.
void refuse_id(const std::string& text) {
  constexpr std::size_t kFewestMeant = 4;  // shorter text may be a word
  const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
  const bool has_digit = text.find_first_of("0123456789") != std::string::npos;
  if (!is_hex || !has_digit || text.size() < kFewestMeant) return;
  if (text.size() < base::kFewestIdDigits) {
    base::fail(base::ErrorCode::kUsage, "snapshot {}: too short for an id: give {} digits or more",
               text, base::kFewestIdDigits);
  }
  base::fail(base::ErrorCode::kNotFound,
             "snapshot {}: the account has no such snapshot: `mailstow-restore snapshots` lists "
             "those it has",
             text);
}

// What `text` names if it is no snapshot's id.
base::TimeSpan parse_span(const base::Environment& environment, const std::string& text,
                          std::optional<sys_seconds> asked) {
  const auto now = asked.value_or(environment.clock.now_seconds());
  try {
    return base::parse_time_span(text, environment.config.restore.time_zone, now);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kUsage) throw;
    refuse_id(text);
    base::fail(base::ErrorCode::kUsage,
               "{}, today, yesterday, monday or '3 days ago'; a snapshot is also named by the "
               "first {} or more digits of its id",
               error.what(), base::kFewestIdDigits);
  }
}

}  // namespace

sys_seconds parse_moment(const base::Environment& environment, store::Reader& reader,
                         const std::string& account, const std::string& text,
                         std::optional<sys_seconds> asked) {
  if (const auto named = store::find_snapshot(reader, account, text)) return named->time;
  return parse_span(environment, text, asked).begin;
}

std::optional<store::SnapshotInfo> start_of_history(const base::Environment& environment,
                                                    store::Reader& reader,
                                                    const std::string& account,
                                                    const std::string& since) {
  if (auto named = store::find_snapshot(reader, account, since)) return named;
  return reader.newest_snapshot(account, parse_span(environment, since, std::nullopt).begin);
}

store::SnapshotInfo choose_snapshot(const base::Environment& environment, store::Reader& reader,
                                    const std::string& account, const std::string& at) {
  if (const auto named = store::find_snapshot(reader, account, at)) return *named;
  std::optional<sys_seconds> time;
  if (!at.empty()) {
    time = parse_span(environment, at, std::nullopt).end - std::chrono::seconds(1);
  }
  if (const auto snapshot = reader.newest_snapshot(account, time)) return *snapshot;
  const auto all = reader.snapshots(account);
  if (all.empty()) {
    base::fail(base::ErrorCode::kNotFound,
               "account {}: it has no snapshot: `mailstow-restore accounts` lists those that do",
               base::escape_for_terminal(account));
  }
  base::fail(base::ErrorCode::kNotFound,
             "account {}: it has no snapshot from {} or before: the oldest is from {}",
             base::escape_for_terminal(account), at,
             base::format_zoned(std::ranges::min(all, {}, &store::SnapshotInfo::time).time,
                                environment.config.restore.time_zone));
}

}  // namespace restore
