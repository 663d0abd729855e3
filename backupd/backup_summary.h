// The mail to the administrator after each backup of all accounts.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "backupd/report/pass_report.h"
#include "base/reporting/job_record.h"
#include "base/reporting/job_run.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace backupd {

// The store as the previous backup of all accounts left it.
struct EarlierStore {
  std::chrono::sys_seconds time{};
  std::uint64_t pack_bytes = 0;
  bool operator==(const EarlierStore&) const = default;
};

struct BackupFacts {
  store::Reader::StoreSize store;
  std::optional<EarlierStore> earlier;
  std::vector<store::TreeRecord> trees;
  std::vector<base::JobRecord> jobs;  // the last run of every job
  std::chrono::sys_seconds now{};
};

// One line for each problem that needs attention: accounts that failed, messages and folders that
// were skipped and not acknowledged, alarms, accounts that are gone.
std::vector<std::string> troubles_of(const PassReport& report);

base::JobSummary summarise(const PassReport& report, const BackupFacts& facts);

// JobRecord::details of a backup, for metrics and the next summary.
std::string details_of(const PassReport& report, const BackupFacts& facts);

// Reads the store's state from the record of the last backup; nullopt if the record has none.
std::optional<EarlierStore> earlier_store(const base::JobRecord& record);

}  // namespace backupd
