// `status --history`: the backups of one account, or of all, over time.
#pragma once

#include <string>

#include "base/exit_status.h"
#include "base/program/page.h"
#include "base/program/program.h"

namespace backupd {

// Prints the account's snapshots, the newest first, each with what changed since the backup before
// it and why it is not complete, and the backups that failed (backupd/report/failed_backups.h).
// `account`: empty for all, by time. Fails with kNotFound for an account that is not
// configured and has no snapshot. Returns kDamaged if a snapshot could not be read.
base::ExitStatus show_history(const base::Environment& environment, const std::string& account,
                              const base::Page& page);

// The same backups, those of a day together (backupd/daily_history.h).
base::ExitStatus show_history_by_day(const base::Environment& environment,
                                     const std::string& account, const base::Page& page);

}  // namespace backupd
