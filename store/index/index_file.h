// Opening the index's file: its directory, its tables, and its older versions.
#pragma once

#include <cstdint>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/pack.h"
#include "store/index/sqlite.h"

namespace store {

// user_version of the tables that this version of mailstow makes (schema/index.sql).
inline constexpr std::int64_t kIndexVersion = 5;

// Who brings an index up to date: the writers of its store, under the store's lock, or programs
// that only read, on another machine (store/own_index.h). The two don't keep out of each other's
// way. One of the past shows the store as of an earlier commit, and is never brought up to date.
enum class IndexUse { kWriters, kReaders, kPast };

inline IndexUse use_of(const Location& location) {
  if (location.is_past()) return IndexUse::kPast;
  return location.has_own_index ? IndexUse::kReaders : IndexUse::kWriters;
}

// The directory of an index, private to the owner.
void make_index_directory(const base::Path& file);

// Creates the file and its directory if absent, and converts an index of an older version.
// Fails with kConfig if it belongs to another store, a newer version made it, or it has the other
// use.
Database open_index_file(const base::Path& file, const StoreId& store, IndexUse use);

// An older index is read as it is; either use that shows the newest commit can be given for the
// other. Fails with kNotFound if the file is absent, and otherwise like open_index_file().
Database open_index_file_read_only(const base::Path& file, const StoreId& store, IndexUse use);

// Makes the file of an index, which no other process has open, one of readers.
void mark_for_readers(const base::Path& file);

}  // namespace store
