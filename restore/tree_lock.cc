#include "restore/tree_lock.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "store/format/layout.h"

namespace restore {

namespace {

std::string lock_name(const std::string& tree_id) {
  return "tree-" + tree_id + ".lock";
}

// Beside the index, since the store's lock is not held while a tree is worked on; in the store if
// nothing can be written beside the index.
std::array<base::Path, 2> places_of(const store::Location& location, const std::string& name) {
  return {location.index / name, store::readers_directory(location) / name};
}

bool is_locked(base::FileSystem& files, const base::Path& file) {
  return files.modified(file) && files.try_lock(file, base::LockMode::kShared) == nullptr;
}

std::unique_ptr<base::FileLock> try_lock(base::FileSystem& files, const store::Location& location,
                                         const std::string& name) {
  auto [place, other] = places_of(location, name);
  std::unique_ptr<base::FileLock> lock;
  try {
    make_directories(files, location.index);
    lock = files.try_lock(place, base::LockMode::kExclusive);
  } catch (const base::Error& error) {
    if (!base::is_file_trouble(error.code())) throw;
    base::log_debug("{}: the lock is in the store instead", error.what());
    std::swap(place, other);
    lock = files.try_lock(place, base::LockMode::kExclusive);
  }
  // A process that began while the index's disk was full, or before it was, locks the other one.
  if (lock != nullptr && is_locked(files, other)) return nullptr;
  return lock;
}

}  // namespace

std::unique_ptr<base::FileLock> lock_tree(base::FileSystem& files, const store::Location& location,
                                          const std::string& tree_id) {
  auto lock = try_lock(files, location, lock_name(tree_id));
  if (lock != nullptr) return lock;
  // Another process may hold a shared lock for a moment, in is_worked_on().
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return try_lock(files, location, lock_name(tree_id));
}

void remove_tree_lock(base::FileSystem& files, const store::Location& location,
                      const std::string& tree_id) {
  for (const base::Path& place : places_of(location, lock_name(tree_id))) {
    try {
      if (files.modified(place)) files.remove(place);
    } catch (const base::Error& error) {
      base::log_debug("{}", error.what());
    }
  }
}

std::unique_ptr<base::FileLock> lock_naming(base::FileSystem& files, base::Clock& clock,
                                            const store::Location& location) {
  constexpr std::chrono::milliseconds kPause{50};
  constexpr int kMaxPauses = 1'200;
  for (int pause = 0; pause < kMaxPauses; ++pause) {
    auto lock = try_lock(files, location, "tree-names.lock");
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
  const auto places = places_of(location, lock_name(tree_id));
  return std::ranges::any_of(places,
                             [&](const base::Path& place) { return is_locked(files, place); });
}

}  // namespace restore
