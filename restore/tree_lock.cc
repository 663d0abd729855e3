#include "restore/tree_lock.h"

namespace restore {

base::Path tree_lock_file(const store::Location& location, const std::string& tree_id) {
  return location.index / ("tree-" + tree_id + ".lock");
}

std::unique_ptr<base::FileLock> lock_tree(base::FileSystem& files, const store::Location& location,
                                          const std::string& tree_id) {
  make_folders(files, location.index);
  return files.try_lock(tree_lock_file(location, tree_id), base::LockMode::kExclusive);
}

}  // namespace restore
