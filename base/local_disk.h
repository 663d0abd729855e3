// The disk that a directory is on.
#pragma once

#include "base/file_system.h"

namespace base {

// Returns true only for file systems that are known to be local: on others (NFS, SMB, FUSE), locks
// of programs on other machines may be invisible. False if `path` does not exist.
bool is_on_local_disk(const Path& path);

// False if `path` does not exist.
bool is_on_read_only_disk(const Path& path);

}  // namespace base
