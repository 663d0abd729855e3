// Runs checks so that none can block the others: each in its own process, which is killed when its
// time is up.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "backupd/doctor/finding.h"

namespace backupd {

struct DoctorCheck {
  std::string name;
  std::string subject;  // escaped
  std::function<std::vector<Finding>()> run;
};

// Returns the findings in the order of the checks, several of which run at a time. A check that
// throws, dies or takes longer than `patience` yields a failure that says so. No other thread may
// run.
std::vector<Finding> examine(const std::vector<DoctorCheck>& checks,
                             std::chrono::milliseconds patience);

}  // namespace backupd
