// Restored trees that have expired and are still there.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/reporting/last_sweep.h"
#include "store/tree_record.h"

namespace backupd {

// A tree that still exists this long after its expiry raises an alarm: sweeps run every hour.
inline constexpr std::chrono::hours kTreeAlarmAfter{2};

// Those that have expired, the longest overdue first.
std::vector<store::TreeRecord> overdue_trees(std::span<const store::TreeRecord> trees,
                                             std::chrono::sys_seconds now);

// Those that a wrong clock dated in the future, so that they seem to be due only then. A sweep
// corrects that: empty if one ran within the last day.
std::vector<store::TreeRecord> misdated_trees(std::span<const store::TreeRecord> trees,
                                              const base::LastSweep& sweep,
                                              std::chrono::sys_seconds now);

// One line, escaped, about those that have expired, whether or not they raise the alarm; empty if
// there are no such trees.
std::string describe_overdue(std::span<const store::TreeRecord> trees,
                             std::chrono::sys_seconds now);

// One line, escaped, about all trees that raise the alarm, with the reason why the last sweep left
// one of them; empty if it is not raised.
std::string overdue_alarm(std::span<const store::TreeRecord> trees, const base::LastSweep& sweep,
                          std::chrono::sys_seconds now);

}  // namespace backupd
