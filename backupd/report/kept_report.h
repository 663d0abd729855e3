// The whole report of a job, for people who have seen a part of it: `reports/JOB.json` beside the
// index. A drill keeps each. A backup of all accounts keeps one that is not all done, and one that
// a text names because it leaves something out. The daemon puts the reports of its jobs in the same
// place.
#pragma once

#include <string_view>

#include "base/config/store_config.h"
#include "base/file_system.h"
#include "base/program/program.h"

namespace backupd {

// The accounts of a backup: those of the configuration, or those that the command names. The report
// of the latter is not kept as that of the backup: it would replace the one that the night's mail
// names.
enum class BackupScope { kAllAccounts, kNamedAccounts };

// Where people find what a text about a job leaves out.
inline constexpr std::string_view kSeeBackupReport = "see reports/backup.json beside the index";
inline constexpr std::string_view kSeeDrillReport = "see reports/drill.json beside the index";
inline constexpr std::string_view kSeeJson = "see the report with --json";

constexpr std::string_view see_rest(BackupScope scope) {
  return scope == BackupScope::kAllAccounts ? kSeeBackupReport : kSeeJson;
}

// Whether a text about a backup refers its readers to the kept report.
constexpr bool names_backup_report(std::string_view text) {
  return text.find(kSeeBackupReport) != std::string_view::npos;
}

// `name`: "backup".
base::Path kept_report_path(const base::StoreConfig& store, std::string_view name);

// `document`: JSON. If it can't be written, a warning is logged.
void keep_report(const base::Environment& environment, std::string_view job,
                 std::string_view document);

}  // namespace backupd
