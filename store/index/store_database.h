// What the index and the search index have in common: tables made from embedded SQL, of which
// `meta` names the store they belong to.
#pragma once

#include <string_view>

#include "base/file_system.h"
#include "store/format/block.h"
#include "store/index/sqlite.h"

namespace store {

// A new file gets the tables of `sql`, which sets user_version, and the store's id, in one
// transaction. An existing one is opened as it is: the caller checks its version and belongs_to().
Database open_or_create_tables(const base::Path& file, std::string_view sql, const StoreId& store);

bool belongs_to(Database& database, const StoreId& store);

}  // namespace store
