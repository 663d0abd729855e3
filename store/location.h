// The three places of a store, kept apart on purpose: copying `store` leaks nothing.
#pragma once

#include <filesystem>

namespace store {

struct Location {
  std::filesystem::path store;     // packs, key slots, tree records: all encrypted
  std::filesystem::path index;     // the folder of the SQLite index: plain text, for searching
  std::filesystem::path key_file;  // opens a key slot
};

}  // namespace store
