#include "store/index/reader_lock.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "store/format/layout.h"

namespace store {

std::unique_ptr<base::FileLock> lock_for_reading(const Location& location, base::FileSystem& files,
                                                 Index& index) {
  try {
    return files.try_lock(readers_directory(location) / std::to_string(index.newest_condemnation()),
                          base::LockMode::kShared);
  } catch (const base::Error& error) {
    base::log_debug("{}", error.what());
    return nullptr;
  }
}

std::uint64_t oldest_reader(const Location& location, base::FileSystem& files) {
  std::uint64_t oldest = UINT64_MAX;
  for (const std::string& name : files.list(readers_directory(location))) {
    std::uint64_t number = 0;
    const char* end = name.data() + name.size();
    const auto [stopped, error] = std::from_chars(name.data(), end, number);
    if (error != std::errc() || stopped != end) continue;
    const base::Path path = readers_directory(location) / name;
    try {
      if (files.try_lock(path, base::LockMode::kExclusive)) {
        // A reader that has just opened the file and not locked it yet has not looked anything up.
        files.remove(path);
      } else {
        oldest = std::min(oldest, number);
      }
    } catch (const base::Error& locking) {
      if (locking.code() != base::ErrorCode::kDamaged) throw;
      base::log_warning("{}", locking.what());  // a FIFO, a link: no reader can have locked it
    }
  }
  return oldest;
}

}  // namespace store
