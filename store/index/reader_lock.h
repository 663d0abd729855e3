// Readers say that they are there, so that prune leaves what they may still read.
//
// A reader shares the lock of STORE/readers/N, N being the number of the newest commit that had
// condemned packs when it began. What a later commit condemned it may have looked up before.
#pragma once

#include <cstdint>
#include <memory>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/index/index.h"

namespace store {

// Held until destroyed, or until the process dies. Null where it can't be had, on a store that is
// mounted read-only say: then the time of grace is what protects the reader.
std::unique_ptr<base::FileLock> lock_for_reading(const Location& location, base::FileSystem& files,
                                                 Index& index);

// The lowest N of the current readers; UINT64_MAX if no reader exists. Removes the lock files
// that no process holds. Needs the store's lock.
std::uint64_t oldest_reader(const Location& location, base::FileSystem& files);

}  // namespace store
