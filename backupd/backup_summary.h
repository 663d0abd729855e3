// What the administrator is written after each backup of all accounts.
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

// The store as the last such backup left it.
struct EarlierStore {
  std::chrono::sys_seconds time{};
  std::uint64_t pack_bytes = 0;
  bool operator==(const EarlierStore&) const = default;
};

struct BackupFacts {
  store::Reader::StoreSize store;
  std::optional<EarlierStore> earlier;
  std::vector<store::TreeRecord> trees;
  std::vector<base::JobRecord> jobs;  // what became of the others
  std::chrono::sys_seconds now{};
};

// A line for each thing that somebody has to look at: accounts that failed, what was skipped and
// not acknowledged, alarms, accounts that are gone.
std::vector<std::string> troubles_of(const PassReport& report);

base::JobSummary summarise(const PassReport& report, const BackupFacts& facts);

// JobRecord::details of a backup, for metrics and the next summary.
std::string details_of(const PassReport& report, const BackupFacts& facts);

// Of the record of the last one; nothing if there is none.
std::optional<EarlierStore> earlier_store(const base::JobRecord& record);

}  // namespace backupd
