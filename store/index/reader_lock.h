// Readers announce themselves, so that prune leaves data that they may still read.
//
// A reader holds a shared lock on readers/N in local_directory() (store/format/layout.h), N being
// the number of the newest commit that had condemned packs when it began. It may already have
// looked up objects in packs that a later commit condemns. Readers on other machines are protected
// by the grace period alone.
#pragma once

#include <cstdint>
#include <memory>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/index/index.h"

namespace store {

// Held until destroyed, or until the process dies. Null if the lock is unavailable, for example on
// a store mounted read-only: then the grace period alone protects the reader.
std::unique_ptr<base::FileLock> lock_for_reading(const Location& location, base::FileSystem& files,
                                                 Index& index);

// The lowest N of the current readers; UINT64_MAX if no reader exists. Removes the lock files
// that no process holds. Needs the store's lock.
std::uint64_t oldest_reader(const Location& location, base::FileSystem& files);

}  // namespace store
