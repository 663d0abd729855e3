// The backups of accounts that failed altogether: they left no snapshot, so only this remembers
// them. Kept in a file beside the index, for `status --history`; if it is lost, only that shows
// less. The oldest are dropped when there are many; what is damaged is ignored, with a warning.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "backupd/report/pass_report.h"
#include "base/config/store_config.h"
#include "base/file_system.h"

namespace backupd {

struct FailedBackup {
  std::chrono::sys_seconds time{};  // of the end of the backup
  std::string account;
  std::string error;  // one line, at most kMaxFailure bytes
  bool operator==(const FailedBackup&) const = default;
};

inline constexpr std::size_t kMaxFailure = 512;           // bytes
inline constexpr std::size_t kMaxFailedPasses = 1'000;    // in the file
inline constexpr std::size_t kMaxFailureFile = 4U << 20;  // bytes

// Adds the accounts of the report that failed and got no snapshot; writes nothing if there are
// none. Only the writer of the store may call it. Fails with kIo or kNoSpace.
void note_failed_backups(base::FileSystem& files, const base::StoreConfig& store,
                         const PassReport& report, std::chrono::sys_seconds now);

// The oldest first. `account`: empty for all.
std::vector<FailedBackup> failed_backups(base::FileSystem& files, const base::StoreConfig& store,
                                         std::string_view account);

}  // namespace backupd
