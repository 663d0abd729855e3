// A bucket of S3-compatible object storage.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/storage/storage.h"

namespace base {
struct S3Config;
}

namespace store {

// `spool`: a directory for blobs that are too large for memory. `files` and `clock` must outlive
// the storage. Fails with kConfig.
std::shared_ptr<Storage> open_s3_storage(const base::S3Config& config, const base::Path& spool,
                                         base::FileSystem& files, base::Clock& clock);

}  // namespace store
