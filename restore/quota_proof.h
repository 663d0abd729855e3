// Whether restored mail counts towards the user's quota: seen, not believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/config.h"
#include "imap/session.h"
#include "restore/restore_report.h"
#include "store/tree_record.h"

namespace restore {

// The name of the folder that a probe uses, below the tree's top.
inline constexpr const char* kProbeFolder = "mailstow-probe";

// What of STORAGE is used and allowed at a folder, in units of 1024 bytes; nothing if no quota root
// there has limits on it.
struct StorageUse {
  std::uint64_t usage = 0;
  std::uint64_t limit = 0;
};
std::optional<StorageUse> storage_use(imap::Session& session, const std::string& raw_name);

// Puts a message of 1 MiB into `probe`, a level that mailstow created, and takes it out again,
// three times at most, until usage tells clearly. What is put there is recorded in `probe` first.
QuotaFinding prove_exempt(imap::Session& session, base::QuotaConfig quota, store::TreeLevel& probe);

}  // namespace restore
