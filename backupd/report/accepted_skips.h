// Skipped messages that the administrator has looked at and accepted.
#pragma once

#include "backupd/report/pass_report.h"
#include "base/reporting/acknowledgements.h"

namespace backupd {

// Marks the skipped messages that were accepted; a pass with no other trouble is complete.
void apply_accepted_skips(const base::Acknowledgements& acknowledged, AccountReport& report);

}  // namespace backupd
