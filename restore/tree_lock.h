// One process at a time works on a tree: a run fills it, or a sweep deletes it.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/location.h"

namespace restore {

// Beside the index, since trees are worked on without the store's lock.
base::Path tree_lock_file(const store::Location& location, const std::string& tree_id);

// Nothing if another process works on the tree.
std::unique_ptr<base::FileLock> lock_tree(base::FileSystem& files, const store::Location& location,
                                          const std::string& tree_id);

// Held while a run chooses its tree's name and until the tree's top is created and recorded: runs
// of one second get a name each. Waits for its turn, a minute at most; then fails with kBusy.
std::unique_ptr<base::FileLock> lock_naming(base::FileSystem& files, base::Clock& clock,
                                            const store::Location& location);

// Whether a process works on the tree at this moment.
bool is_worked_on(base::FileSystem& files, const store::Location& location,
                  const std::string& tree_id);

}  // namespace restore
