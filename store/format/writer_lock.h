// Ensures one writer for each store; of a store in a bucket, one on this machine: between machines,
// the owner and commit records decide (store/index/ownership.h).
#pragma once

#include <memory>

#include "base/file_system.h"
#include "store/format/location.h"

namespace store {

// Held until destroyed, or until the process dies. Fails with kBusy if another process holds it.
std::unique_ptr<base::FileLock> lock_for_writing(const Location& location, base::FileSystem& files);

}  // namespace store
