// Files left in a store by programs that died while writing.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/format/location.h"

namespace store {

// Removes the temporary files, in a store in a directory and beside the index, that no process can
// still be writing, and returns their paths. Needs the store's lock, so in the directories written
// under it every temporary file is a leftover. A tree record is written without the lock, but in
// one go: there, a file a day old is a leftover.
std::vector<std::string> remove_leftovers(const Location& location, base::FileSystem& files,
                                          std::chrono::sys_seconds now);

}  // namespace store
