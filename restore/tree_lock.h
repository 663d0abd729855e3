// One process at a time works on a tree: a run fills it, or a sweep deletes it.
#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"
#include "store/location.h"

namespace restore {

// Beside the index, since trees are worked on without the store's lock.
base::Path tree_lock_file(const store::Location& location, const std::string& tree_id);

// Nothing if another process works on the tree.
std::unique_ptr<base::FileLock> lock_tree(base::FileSystem& files, const store::Location& location,
                                          const std::string& tree_id);

// Whether a process works on the tree at this moment.
bool is_worked_on(base::FileSystem& files, const store::Location& location,
                  const std::string& tree_id);

}  // namespace restore
