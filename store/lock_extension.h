// Keeps what a store or a copy needs from losing its object lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/pack.h"
#include "store/storage/storage.h"

namespace store {

struct LockExtensionReport {
  std::uint64_t extended = 0;
  std::uint64_t lasting = 0;  // locks that last for more than half of lock_for
  // What is wrong, a line each: what was deleted, replaced or refused. Where a first version is
  // still there, its lock was extended.
  std::vector<std::string> troubles;
};

// Extends the locks that end within half of lock_for: those of these packs, of all commit records,
// and of the key slots that were not removed. Of each blob it is the first version, the store's
// own, that is locked.
//
// Can be repeated after an error or a stop (base::Stopped), and continues then. Fails with kConfig
// if the storage locks nothing, or has not proven that locks hold, and like the storage.
LockExtensionReport extend_locks(Storage& storage, const std::vector<PackName>& packs);

// Those of a store, with the packs that the index knows and no commit condemned. Fails as
// open_keys() does, too.
LockExtensionReport extend_locks(const Location& location, base::FileSystem& files);

// When that last ended without trouble; nullopt: never, or the note beside the index was lost.
std::optional<std::chrono::sys_seconds> last_lock_extension(const Location& location,
                                                            base::FileSystem& files);
void note_lock_extension(const Location& location, base::FileSystem& files,
                         std::chrono::sys_seconds now);

}  // namespace store
