#include "store/maintenance/leftovers.h"

#include "base/atomic_file.h"
#include "store/format/layout.h"
#include "store/message/spool.h"

namespace store {

namespace {

void remove_leftover_trees(const Location& location, base::FileSystem& files,
                           std::chrono::sys_seconds now, std::vector<std::string>& removed) {
  for (const std::string& name : files.list(trees_directory(location))) {
    if (!base::AtomicFile::is_leftover(name)) continue;
    const base::Path path = trees_directory(location) / name;
    const auto written = files.modified(path);
    if (!written || now - *written < std::chrono::days(1)) continue;
    if (files.remove(path)) removed.push_back(path.string());
  }
}

}  // namespace

std::vector<std::string> remove_leftovers(const Location& location, base::FileSystem& files,
                                          std::chrono::sys_seconds now) {
  std::vector<std::string> removed;
  if (location.is_directory()) remove_leftover_trees(location, files, now, removed);
  for (const std::string& name : files.list(location.index)) {
    if (!Spool::is_leftover(name)) continue;
    if (files.remove(location.index / name)) removed.push_back((location.index / name).string());
  }
  return removed;
}

}  // namespace store
