#include "base/reporting/trouble_memory.h"

#include <algorithm>

namespace base {

namespace {

// A daily job may begin a little earlier than the day before.
constexpr std::chrono::hours kSilence{23};
constexpr std::size_t kMaxRemembered = 1'000;

}  // namespace

Telling what_to_tell(const JobRecord& record, const std::vector<std::string>& troubles,
                     std::chrono::sys_seconds now) {
  if (troubles.empty()) return record.told.empty() ? Telling::kNothing : Telling::kOver;
  const bool is_long_ago = !record.told_at || now - *record.told_at >= kSilence;
  const bool is_all_told = std::ranges::all_of(troubles, [&](const std::string& trouble) {
    return std::ranges::find(record.told, trouble) != record.told.end();
  });
  const bool is_more_than_remembered = troubles.size() > kMaxRemembered;
  return is_long_ago || (!is_all_told && !is_more_than_remembered) ? Telling::kTrouble
                                                                   : Telling::kNothing;
}

void note_told(JobRecord& record, const std::vector<std::string>& troubles,
               std::chrono::sys_seconds now) {
  record.told.assign(troubles.begin(), troubles.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                              troubles.size(), kMaxRemembered)));
  record.told_at = troubles.empty() ? std::nullopt : std::optional(now);
}

}  // namespace base
