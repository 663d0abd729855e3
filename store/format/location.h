// The three locations of a store, kept apart on purpose: copying `store` leaks nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/config/store_config.h"

namespace base {
class FileSystem;
}

namespace store {

class Storage;

struct Location {
  std::filesystem::path store;     // packs, key slots, tree records: all encrypted
  std::filesystem::path index;     // the directory of the SQLite index: plain text, for searching
  std::filesystem::path key_file;  // opens a key slot
  // Bytes that a Writer leaves free on the store's disk, and on the index's while a long message
  // arrives.
  std::uint64_t keep_free = 0;
  std::uint64_t max_message = base::kMaxMessageByDefault;  // bytes
  // The bound of each Reader that is opened here (Reader::open()). Writers have none.
  std::optional<base::Reach> reach = {};
  // The index is not the one of the store's writers: each Reader brings it up to date
  // (store/own_index.h).
  bool has_own_index = false;
  // Holds packs, key slots, records of commits, owners and trees instead of the directory `store`.
  std::shared_ptr<Storage> storage = {};
};

// The storage that holds them. `files` must outlive it.
std::shared_ptr<Storage> storage_of(const Location& location, base::FileSystem& files);

inline Location location_of(const base::StoreConfig& config) {
  return {config.path,        config.index, config.key_file,     config.keep_free,
          config.max_message, config.reach, config.has_own_index};
}

}  // namespace store
