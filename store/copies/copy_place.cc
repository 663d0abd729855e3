#include "store/copies/copy_place.h"

#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "store/format/bucket.h"
#include "store/format/layout.h"

namespace store {

OpenedCopy open_copy(const base::CopyConfig& copy, const base::StoreConfig& store,
                     base::FileSystem& files, ExpectedCopy expected) {
  if (!copy.s3) return open_copy_directory(copy.path, files, expected);
  base::make_directories(files, store.index);
  return open_copy_bucket(shared_bucket(*copy.s3, copy.spool),
                          store.index / fmt::format("copy-{}.lock", copy.name), files, expected);
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
