// Opening files in directories that others may write to. A FIFO, a device or a link in the place of
// a file neither blocks the program nor leads it elsewhere.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/handle.h"

namespace base {

// Whether a symbolic link as the last component of a path is followed. Links in the directories
// before it always are.
enum class Links { kRefuse, kFollow };

// Opens with `flags` (O_RDONLY, O_RDWR | O_CREAT, ...); a new file is only accessible by its owner
// (0600). Returns an empty Fd if the file does not exist and `flags` don't create it. If it is not
// a regular file, fails with kIo if it is an output (O_APPEND, O_TRUNC), with kConfig if links are
// followed, because the configuration names it, and with kDamaged otherwise. Other failures are kIo
// and kNoSpace. The message begins with `operation` and the path.
Fd open_regular_file(std::string_view operation, const std::filesystem::path& path, int flags,
                     Links links = Links::kRefuse);

}  // namespace base
