// Skipped messages that the administrator has reviewed and accepted.
#pragma once

#include "backupd/report/pass_report.h"
#include "base/reporting/acknowledgements.h"

namespace backupd {

// Marks the skipped messages that were accepted; a pass without other problems becomes complete.
void apply_accepted_skips(const base::Acknowledgements& acknowledged, AccountReport& report);

}  // namespace backupd
