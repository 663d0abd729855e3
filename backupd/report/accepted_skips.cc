#include "backupd/report/accepted_skips.h"

#include <algorithm>
#include <map>
#include <string>

namespace backupd {

void apply_accepted_skips(const base::Acknowledgements& acknowledged, AccountReport& report) {
  if (report.skipped.empty()) return;
  std::map<std::string, std::uint32_t> validities;
  for (const FolderReceipt& receipt : report.receipts) {
    validities[receipt.folder] = receipt.uid_validity;
  }
  for (SkippedEntry& entry : report.skipped) {
    entry.acknowledged =
        entry.uid && acknowledged.is_skip_accepted(report.account, entry.folder,
                                                   validities[entry.folder], *entry.uid);
  }
  const bool all_accepted = std::all_of(report.skipped.begin(), report.skipped.end(),
                                        [](const auto& entry) { return entry.acknowledged; });
  const bool is_finished = report.status == PassStatus::kPartial && report.error.empty() &&
                           report.troubles.empty() && report.snapshot &&
                           report.snapshot->status == store::SnapshotStatus::kPartial;
  if (all_accepted && is_finished) report.status = PassStatus::kComplete;
}

}  // namespace backupd
