#include "backupd/report/overdue_trees.h"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

namespace {

// Empty if there are no such trees.
std::string misdated_alarm(std::span<const store::TreeRecord> trees, const base::LastSweep& sweep) {
  if (trees.empty()) return "";
  const store::TreeRecord& first = trees.front();
  return fmt::format(
      "{} dated in the future ({}{} of {}, made at {}), because the clock was ahead then or is "
      "behind now, and would stay for too long: {}: run `mailstow-restore sweep`, which corrects "
      "that",
      trees.size() == 1 ? "a restored tree is"
                        : base::format_count(trees.size(), "restored tree") + " are",
      trees.size() == 1 ? "" : "the first: ", base::escape_for_terminal(first.name),
      base::escape_for_terminal(first.account), base::shown_time(first.created),
      sweep.to_text(base::shown_time_zone()));
}

}  // namespace

std::vector<store::TreeRecord> overdue_trees(std::span<const store::TreeRecord> trees,
                                             std::chrono::sys_seconds now) {
  std::vector<store::TreeRecord> overdue(trees.begin(), trees.end());
  std::erase_if(overdue, [&](const store::TreeRecord& tree) { return tree.expires > now; });
  std::ranges::stable_sort(overdue, {}, &store::TreeRecord::expires);
  return overdue;
}

std::vector<store::TreeRecord> misdated_trees(std::span<const store::TreeRecord> trees,
                                              const base::LastSweep& sweep,
                                              std::chrono::sys_seconds now) {
  std::vector<store::TreeRecord> misdated;
  if (sweep.is_recent) return misdated;
  std::ranges::copy_if(trees, std::back_inserter(misdated), [&](const store::TreeRecord& tree) {
    return base::is_in_future(tree.created, now) && tree.expires > now;
  });
  return misdated;
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
  const std::vector<store::TreeRecord> overdue = overdue_trees(trees, now - kTreeAlarmAfter);
  if (overdue.empty()) return misdated_alarm(misdated_trees(trees, sweep, now), sweep);
  std::string why;
  for (const store::TreeRecord& tree : overdue) {
    if (why.empty()) why = sweep.why(tree.id);
  }
  return fmt::format("{}: {}: {}", describe_overdue(overdue, now),
                     sweep.to_text(base::shown_time_zone()),
                     why.empty() ? "run `mailstow-restore sweep`: it deletes what is overdue, or "
                                   "reports why not"
                                 : "it reported: " + why);
}

}  // namespace backupd
