#include "store/copies/copy_place.h"

#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "store/format/bucket.h"
#include "store/format/layout.h"

namespace store {

namespace {

// A bucket has no locks.
base::Path lock_beside_index(const base::CopyConfig& copy, const base::StoreConfig& store) {
  return store.index / fmt::format("copy-{}.lock", copy.name);
}

}  // namespace

OpenedCopy open_copy(const base::CopyConfig& copy, const base::StoreConfig& store,
                     base::FileSystem& files, ExpectedCopy expected) {
  if (!copy.s3) return open_copy_directory(copy.path, files, expected);
  base::make_directories(files, store.index);
  return open_copy_bucket(shared_bucket(*copy.s3, copy.spool), lock_beside_index(copy, store),
                          files, expected);
}

bool is_copy_locked(const base::CopyConfig& copy, const base::StoreConfig& store,
                    base::FileSystem& files) {
  const base::Path lock = copy.s3 ? lock_beside_index(copy, store) : lock_file_of_copy(copy.path);
  try {
    return files.modified(lock) && !files.try_lock(lock, base::LockMode::kExclusive);
  } catch (const base::Error& error) {
    base::log_debug("{}", error.what());
    return false;
  }
}

Location location_of_copy(const base::CopyConfig& copy) {
  Location location;
  location.store = copy.path;
  if (copy.s3) location.storage = shared_bucket(*copy.s3, copy.spool);
  return location;
}

OpenedCopy open_copy_bucket(std::shared_ptr<Storage> bucket, const base::Path& lock,
                            base::FileSystem& files, ExpectedCopy expected) {
  OpenedCopy copy{.storage = std::move(bucket),
                  .lock = files.try_lock(lock, base::LockMode::kExclusive)};
  if (!copy.lock) {
    base::fail(base::ErrorCode::kBusy,
               "copy to {}: another mailstow process is writing there: try again later",
               copy.storage->display_name());
  }
  // Key slots are there since the first commit, so even a late listing shows some.
  if (expected == ExpectedCopy::kExists && copy.storage->list(kKeysArea).empty()) {
    throw StorageError(
        Trouble::kGone,
        fmt::format("copy to {}: the copy that was there is gone: name its bucket and prefix; if "
                    "it is lost, give the next one another name in the configuration",
                    copy.storage->display_name()));
  }
  return copy;
}

}  // namespace store
