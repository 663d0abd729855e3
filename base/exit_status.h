// The exit statuses of the mailstow programs (README, "Exit status").
#pragma once

#include "base/error.h"

namespace base {

enum class ExitStatus : int {
  kDone = 0,
  kNothingDone = 1,         // wrong password, host, certificate, disk full, no such snapshot
  kUsage = 2,               // wrong usage or configuration, missing or wrong key
  kPartial = 3,             // partly done
  kDamaged = 4,             // the store is damaged
  kBusy = 5,                // another process holds the store
  kCountsTowardsQuota = 6,  // refused: the tree would count towards quota
};

// Returns the status to report when both apply: 2 before 5, 4, 6, 1, 3 and 0.
ExitStatus more_severe(ExitStatus a, ExitStatus b);

ExitStatus exit_status(ErrorCode code);

}  // namespace base
