// Owner and permissions of a file.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "base/file_system.h"

namespace backupd {

struct FileAccess {
  uid_t owner = 0;
  mode_t mode = 0;  // the permission bits only
};

// Returns nullopt if the file does not exist. Fails with kIo.
std::optional<FileAccess> access_of(const base::Path& path);

bool may_read(const base::Path& path);   // this process
bool may_write(const base::Path& path);  // for a directory: create and delete files

std::string octal(mode_t mode);        // "0640"
std::string user_name(uid_t user);     // or its number
std::string shown(const base::Path&);  // escaped

}  // namespace backupd
