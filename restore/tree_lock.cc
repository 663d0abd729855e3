#include "restore/tree_lock.h"

#include <chrono>
#include <thread>

#include "base/error.h"

namespace restore {

base::Path tree_lock_file(const store::Location& location, const std::string& tree_id) {
  return location.index / ("tree-" + tree_id + ".lock");
}

std::unique_ptr<base::FileLock> lock_tree(base::FileSystem& files, const store::Location& location,
                                          const std::string& tree_id) {
  make_directories(files, location.index);
  const base::Path file = tree_lock_file(location, tree_id);
  auto lock = files.try_lock(file, base::LockMode::kExclusive);
  if (lock != nullptr) return lock;
  // Another process may hold a shared lock for a moment, in is_worked_on().
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return files.try_lock(file, base::LockMode::kExclusive);
}

std::unique_ptr<base::FileLock> lock_naming(base::FileSystem& files, base::Clock& clock,
                                            const store::Location& location) {
  constexpr std::chrono::milliseconds kPause{50};
  constexpr int kMaxPauses = 1'200;
  make_directories(files, location.index);
  for (int pause = 0; pause < kMaxPauses; ++pause) {
    auto lock = files.try_lock(location.index / "tree-names.lock", base::LockMode::kExclusive);
    if (lock != nullptr) return lock;
    clock.sleep_for(kPause);
  }
  base::fail(
      base::ErrorCode::kBusy,
      "restore: another run has been choosing its tree's name for a minute: check what it is "
      "doing");
}

bool is_worked_on(base::FileSystem& files, const store::Location& location,
                  const std::string& tree_id) {
  const base::Path file = tree_lock_file(location, tree_id);
  return files.modified(file) && files.try_lock(file, base::LockMode::kShared) == nullptr;
}

}  // namespace restore
