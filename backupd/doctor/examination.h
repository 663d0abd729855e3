// Runs checks so that none can stop the others: each in a process of its own, which is ended when
// its time is over.
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
  std::function<std::vector<Finding>()> look;
};

// The findings in the order of the checks, several of which run at a time. One that throws, dies or
// takes longer than `patience` gives a failure that says so. No other thread may run.
std::vector<Finding> examine(const std::vector<DoctorCheck>& checks,
                             std::chrono::milliseconds patience);

}  // namespace backupd
