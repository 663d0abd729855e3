#include "store/format/writer_lock.h"

#include "base/error.h"
#include "store/format/layout.h"

namespace store {

std::unique_ptr<base::FileLock> lock_for_writing(const Location& location,
                                                 base::FileSystem& files) {
  if (!location.is_directory()) base::make_directories(files, local_directory(location));
  std::unique_ptr<base::FileLock> lock =
      files.try_lock(lock_file(location), base::LockMode::kExclusive);
  if (!lock) {
    base::fail(base::ErrorCode::kBusy,
               "open store {}: another mailstow process is writing to it: wait until it is done, "
               "or stop it",
               display_name(location));
  }
  return lock;
}

}  // namespace store
