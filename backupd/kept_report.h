// The whole report of a job, for people who have seen a part of it: `reports/JOB.json` beside the
// index. A drill keeps each, a backup only one that is not all done. The daemon puts the reports of
// its jobs in the same place.
#pragma once

#include <string_view>

#include "base/program/program.h"

namespace backupd {

// `document`: JSON. If it can't be written, a warning is logged.
void keep_report(const base::Environment& environment, std::string_view job,
                 std::string_view document);

}  // namespace backupd
