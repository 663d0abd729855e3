// What programs left in a store that died while they wrote.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/format/location.h"

namespace store {

// Removes the temporary files that nobody can be writing any more and returns their paths. Needs
// the store's lock, so in the folders that are written under it all are leftovers; a tree record is
// written without it, in a moment, and so is what is a day old there.
std::vector<std::string> remove_leftovers(const Location& location, base::FileSystem& files,
                                          std::chrono::sys_seconds now);

}  // namespace store
