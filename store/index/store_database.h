// What the index and the search index have in common: tables made from embedded SQL, of which
// `meta` names the store they belong to.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/file_system.h"
#include "store/format/block.h"
#include "store/index/sqlite.h"

namespace store {

// A new file gets the tables of `sql`, which sets user_version, and the store's id, in one
// transaction. An existing one is opened as it is: the caller checks its version and belongs_to().
Database open_or_create_tables(const base::Path& file, std::string_view sql, const StoreId& store);

// Writes the database, as it is at one moment, to `copy`, which must not exist: a file without logs
// beside it, private to the owner. Returns its user_version. `file` must exist.
std::uint64_t copy_database(const base::Path& file, const base::Path& copy);

bool belongs_to(Database& database, const StoreId& store);

}  // namespace store
