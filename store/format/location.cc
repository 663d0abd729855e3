#include "store/format/location.h"

#include "store/storage/directory_storage.h"

namespace store {

std::shared_ptr<Storage> storage_of(const Location& location, base::FileSystem& files) {
  if (location.storage) return location.storage;
  return std::make_shared<DirectoryStorage>(files, location.store);
}

}  // namespace store
