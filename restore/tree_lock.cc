#include "restore/tree_lock.h"

#include <chrono>
#include <thread>

namespace restore {

base::Path tree_lock_file(const store::Location& location, const std::string& tree_id) {
  return location.index / ("tree-" + tree_id + ".lock");
}

std::unique_ptr<base::FileLock> lock_tree(base::FileSystem& files, const store::Location& location,
                                          const std::string& tree_id) {
  make_folders(files, location.index);
  const base::Path file = tree_lock_file(location, tree_id);
  auto lock = files.try_lock(file, base::LockMode::kExclusive);
  if (lock != nullptr) return lock;
  // Somebody may only be looking.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return files.try_lock(file, base::LockMode::kExclusive);
}

bool is_worked_on(base::FileSystem& files, const store::Location& location,
                  const std::string& tree_id) {
  const base::Path file = tree_lock_file(location, tree_id);
  return files.modified(file) && files.try_lock(file, base::LockMode::kShared) == nullptr;
}

}  // namespace restore
