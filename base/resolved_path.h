// Where a path really leads.
#pragma once

#include "base/file_system.h"

namespace base {

// `path`, absolute and without symbolic links, "." and "..". A part of it that does not exist, or
// can't be inspected, stays as it is written. Where links lead in a circle, so does the rest.
Path resolved_path(const Path& path);

// Whether `path` is `directory` or lies in it, whatever links, or mounts of the directory in a
// second place, lead there. Neither must exist. False if one of them is empty.
bool lies_in(const Path& path, const Path& directory);

}  // namespace base
