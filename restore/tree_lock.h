// Ensures that one process at a time works on a tree: a run that fills it, or a sweep that deletes
// it.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/location.h"

namespace restore {

// Returns nullptr if another process is working on the tree.
std::unique_ptr<base::FileLock> lock_tree(base::FileSystem& files, const store::Location& location,
                                          const std::string& tree_id);

// Held while a run chooses its tree's name and until the tree's top is created and recorded, so
// that runs started in the same second get different names. Waits for the lock, a minute at most;
// then fails with kBusy.
std::unique_ptr<base::FileLock> lock_naming(base::FileSystem& files, base::Clock& clock,
                                            const store::Location& location);

// For use after the tree was deleted, by the process that holds the lock. What can't be removed
// stays, and does no harm.
void remove_tree_lock(base::FileSystem& files, const store::Location& location,
                      const std::string& tree_id);

// Whether a process is working on the tree at this moment.
bool is_worked_on(base::FileSystem& files, const store::Location& location,
                  const std::string& tree_id);

}  // namespace restore
