// Keeps a copy from losing its object locks.
#pragma once

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/lock_extension.h"
#include "store/storage/storage.h"

namespace store {

// extend_locks() with the packs that the copy's own commits name since its last checkpoint, those
// that they condemn included: what the store has dropped meanwhile does not count. `location`: of
// the store, for its keys. Fails as open_keys() does, too.
LockExtensionReport extend_copy_locks(const Location& location, base::FileSystem& files,
                                      Storage& copy);

}  // namespace store
