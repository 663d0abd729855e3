// A blob as a file, for code that reads at offsets. Read only.
#pragma once

#include <memory>

#include "base/file_system.h"
#include "store/storage/storage.h"

namespace store {

// Returns nullptr if the blob is absent. `storage` must outlive the file. If the blob is removed
// later, reading fails with kDamaged. Other errors are those of the storage.
std::unique_ptr<base::File> open_blob(Storage& storage, const BlobName& name);

}  // namespace store
