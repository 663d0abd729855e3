// The place of a copy (store/copies/copying.h), as the configuration names it.
#pragma once

#include <memory>

#include "base/config/copies_config.h"
#include "base/config/store_config.h"
#include "base/file_system.h"
#include "store/copies/copy_directory.h"
#include "store/format/location.h"
#include "store/storage/storage.h"

namespace store {

// Opens the directory or the bucket of a copy of that store. `files` must outlive the storage.
// Fails as open_copy_directory() or open_copy_bucket() does, and with kConfig if the bucket can't
// be used.
OpenedCopy open_copy(const base::CopyConfig& copy, const base::StoreConfig& store,
                     base::FileSystem& files, ExpectedCopy expected);

// Whether another process of this machine writes to the copy now. False if that can't be found out:
// opening it says why. Creates nothing.
bool is_copy_locked(const base::CopyConfig& copy, const base::StoreConfig& store,
                    base::FileSystem& files);

// What checks of a copy read; without a key file and an index. Fails with kConfig.
Location location_of_copy(const base::CopyConfig& copy);

// `lock`: a file of this machine. A bucket has no locks: processes on other machines are not
// noticed. An empty bucket is an empty copy. Fails with
// - kStorage: the copy was there before and is gone, or the bucket is missing or does not answer;
// - kBusy: another process of this machine writes there;
// - kIo.
OpenedCopy open_copy_bucket(std::shared_ptr<Storage> bucket, const base::Path& lock,
                            base::FileSystem& files, ExpectedCopy expected);

}  // namespace store
