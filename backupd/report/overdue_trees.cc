#include "backupd/report/overdue_trees.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

std::vector<store::TreeRecord> overdue_trees(std::span<const store::TreeRecord> trees,
                                             std::chrono::sys_seconds now) {
  std::vector<store::TreeRecord> overdue(trees.begin(), trees.end());
  std::erase_if(overdue, [&](const store::TreeRecord& tree) { return tree.expires > now; });
  std::ranges::stable_sort(overdue, {}, &store::TreeRecord::expires);
  return overdue;
}

std::string describe_overdue(std::span<const store::TreeRecord> trees,
                             std::chrono::sys_seconds now) {
  const std::vector<store::TreeRecord> overdue = overdue_trees(trees, now);
  if (overdue.empty()) return "";
  const store::TreeRecord& first = overdue.front();
  const std::string which =
      fmt::format("{} of {}, expired at {}", base::escape_for_terminal(first.name),
                  base::escape_for_terminal(first.account), base::shown_time(first.expires));
  return overdue.size() == 1
             ? fmt::format("a restored tree should be gone and is still there ({})", which)
             : fmt::format("{} restored trees should be gone and are still there (the first: {})",
                           base::format_count(overdue.size()), which);
}

std::string overdue_alarm(std::span<const store::TreeRecord> trees, const base::LastSweep& sweep,
                          std::chrono::sys_seconds now) {
  const std::string what = describe_overdue(trees, now - kTreeAlarmAfter);
  if (what.empty()) return "";
  return fmt::format("{}: {}: `mailstow-restore sweep --dry-run` shows why", what,
                     sweep.to_text(base::shown_time_zone()));
}

}  // namespace backupd
