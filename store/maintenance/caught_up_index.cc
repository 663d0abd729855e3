#include "store/maintenance/caught_up_index.h"

#include "base/error.h"

namespace store {

namespace {

std::unique_ptr<base::FileLock> lock_copy(const Location& location, base::FileSystem& files) {
  std::unique_ptr<base::FileLock> lock =
      files.try_lock(location.index / "caught-up.lock", base::LockMode::kExclusive);
  if (!lock) {
    base::fail(base::ErrorCode::kBusy,
               "bring a copy of the index up to date: another process does the same: try again");
  }
  return lock;
}

}  // namespace

CaughtUpIndex::CaughtUpIndex(const Location& location, base::FileSystem& files,
                             const BlockContext& context)
    : lock_(lock_copy(location, files)), scratch_(location, files, "caught-up") {
  caught_up_copy(location, files, context, scratch_);
}

}  // namespace store
