// Tries what a store needs of its storage, for `doctor`.
#pragma once

#include <string>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/storage/storage_error.h"

namespace store {

// The advice for a storage that can't be used.
std::string remedy_for(Trouble trouble);

struct StorageProbe {
  std::string failure;  // why it can't be used; empty: it can
  std::string remedy;   // for `failure`; may be empty
  // Why the blob of the probe could not be removed; empty: it is gone.
  std::string not_removed;
  // The storage itself lets only one of several hosts go on that write at once.
  bool creates_once = false;
};

// Writes a small blob of its own, in an area that no store uses, reads and lists it, and removes it
// again. Nothing else is changed. Fails if this machine's files do.
StorageProbe probe_storage(const Location& location, base::FileSystem& files);

}  // namespace store
