// The directory of a copy (store/copies/copying.h) on a file system of this machine.
#pragma once

#include <cstdint>
#include <memory>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/index/commit_mark.h"
#include "store/storage/storage.h"

namespace store {

enum class ExpectedCopy {
  kMayBeNew,
  kExists,  // at least packs were there: an empty directory is where its disk should be mounted
};

// A copy in any place.
struct OpenedCopy {
  std::shared_ptr<Storage> storage;
  std::unique_ptr<base::FileLock> lock;  // only one process of this machine writes there
};

// Creates the directory if only it is missing, and removes what an interrupted process left there.
// `files` must outlive the storage. Fails with
// - kConfig: there is something else in it, or the directory above it is missing;
// - kStorage: the copy is gone;
// - kBusy: another process writes there;
// - kIo, kNoSpace.
OpenedCopy open_copy_directory(const base::Path& path, base::FileSystem& files,
                               ExpectedCopy expected);

// The file that the process holds that writes to a copy in a directory.
base::Path lock_file_of_copy(const base::Path& path);

// The lowest number under which a reader of the copy has announced itself
// (store/index/reader_lock.h); UINT64_MAX if no reader has. Needs the lock.
std::uint64_t oldest_reader_of_copy(const base::Path& path, base::FileSystem& files);

// The newest commit that the copy can be opened at, as its own records show; number 0: it has no
// commit. `location`: of the store, whose key opens them. Fails as open_keys() does, and with
// kStorage if there is no such directory.
CommitMark newest_commit_of_copy(const Location& location, base::FileSystem& files,
                                 const base::Path& path);

}  // namespace store
