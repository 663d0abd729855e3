// Files that must not lie in the store: that directory gets copied to other machines.
#pragma once

#include <string>
#include <vector>

#include "base/config/store_config.h"

namespace base {

struct Misplaced {
  const char* key;  // of the configuration: "store.key_file"
  Path path;        // as configured
  std::string why;  // it must not be there
};

// The key file, index and audit log that lie in the store, through symbolic links too. A bucket has
// no place for them.
std::vector<Misplaced> misplaced_in_store(const StoreConfig& store);

// For a file or directory that a command is to write: fails with kUsage if it lies in the store.
// `what`: the beginning of the message.
void refuse_in_store(const StoreConfig& store, const Path& path, const std::string& what);

}  // namespace base
