// Files that must not lie in the store or in a copy of it: these directories are on other machines,
// too, or get there.
#pragma once

#include <string>
#include <vector>

#include "base/config/copies_config.h"
#include "base/config/store_config.h"

namespace base {

struct PrivatePath {
  std::string what;  // the key in the configuration: "store.key_file"
  Path path;         // as configured
  std::string why;   // it must not be there
};

// The key file, index and audit log.
std::vector<PrivatePath> private_paths(const StoreConfig& store);

struct Misplaced {
  PrivatePath file;
  std::string where;  // it lies, unescaped: "the store /srv/store", "the copy nas in /mnt/nas"
  bool is_in_store = false;
};

// Those of `paths` that lie in the store or in one of the copies, through symbolic links too. A
// bucket has no place for them.
std::vector<Misplaced> misplaced(const StoreConfig& store, const std::vector<CopyConfig>& copies,
                                 const std::vector<PrivatePath>& paths);

// For a file or directory that a command is to write: fails with kUsage if it lies in the store or
// in a copy. `what`: the beginning of the message.
void refuse_in_store_or_copy(const StoreConfig& store, const std::vector<CopyConfig>& copies,
                             const Path& path, const std::string& what);

}  // namespace base
