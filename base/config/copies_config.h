// The part of the configuration about copies of the store.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/config/s3_config.h"
#include "base/config/store_config.h"

namespace base {

struct CopyConfig {
  std::string name;  // of letters, digits, '.', '_' and '-'
  // A store by itself, in a directory or in a bucket.
  Path path;                        // a copy in a directory
  std::optional<S3Config> s3 = {};  // a copy in a bucket: then `path` is empty
  Path spool = {};                  // of a copy in a bucket: the directory of packs on their way

  // For messages: the directory, or s3://bucket/prefix.
  std::string display_name() const { return s3 ? s3->display_name() : path.string(); }
};

// Takes an array that the schema has accepted. Fails with kConfig if two copies have one name or
// one place, or if one has its place in common with the store, its index or its key.
std::vector<CopyConfig> parse_copies(const nlohmann::json& at, const StoreConfig& store);

// The same for what links and mounts lead to, and for the audit log, which needs the file systems
// of the copies: for commands that write to them. Fails with kConfig.
void require_apart(const std::vector<CopyConfig>& copies, const StoreConfig& store);

// The shortest time for which the store and its copies are locked, as far as they are: lock_for of
// their buckets. Nullopt: nothing is locked.
std::optional<std::chrono::days> shortest_lock(const StoreConfig& store,
                                               const std::vector<CopyConfig>& copies);

}  // namespace base
