#include "base/reporting/trouble_memory.h"

#include <algorithm>

#include "base/clock.h"

namespace base {

namespace {

// A daily job may begin a little earlier than the day before.
constexpr std::chrono::hours kSilence{23};
constexpr std::size_t kMaxRemembered = 1'000;

}  // namespace

Notification notification_due(const JobRecord& record, const std::vector<std::string>& troubles,
                              std::chrono::sys_seconds now) {
  if (troubles.empty()) {
    return record.reported.empty() ? Notification::kNone : Notification::kResolved;
  }
  const bool is_long_ago = !record.reported_at || is_in_future(*record.reported_at, now) ||
                           now - *record.reported_at >= kSilence;
  const bool is_all_reported = std::ranges::all_of(troubles, [&](const std::string& trouble) {
    return std::ranges::find(record.reported, trouble) != record.reported.end();
  });
  const bool is_more_than_remembered = troubles.size() > kMaxRemembered;
  return is_long_ago || (!is_all_reported && !is_more_than_remembered) ? Notification::kTrouble
                                                                       : Notification::kNone;
}

void note_reported(JobRecord& record, const std::vector<std::string>& troubles,
                   std::chrono::sys_seconds now) {
  record.reported.assign(
      troubles.begin(),
      troubles.begin() + static_cast<std::ptrdiff_t>(std::min(troubles.size(), kMaxRemembered)));
  record.reported_at = troubles.empty() ? std::nullopt : std::optional(now);
}

}  // namespace base
