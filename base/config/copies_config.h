// The part of the configuration about copies of the store.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/config/store_config.h"

namespace base {

struct CopyConfig {
  std::string name;  // of letters, digits, '.', '_' and '-'
  Path path;         // the directory of the copy: a store by itself
};

// Takes an array that the schema has accepted. Fails with kConfig if two copies have one name or
// share a directory, or if one does with the store, its index or its key.
std::vector<CopyConfig> parse_copies(const nlohmann::json& at, const StoreConfig& store);

// The same for what links and mounts lead to, which needs the file systems of the copies: for
// commands that write to them. Fails with kConfig.
void require_apart(const std::vector<CopyConfig>& copies, const StoreConfig& store);

}  // namespace base
