#include "store/index/store_database.h"

#include <algorithm>

namespace store {

Database open_or_create_tables(const base::Path& file, std::string_view sql, const StoreId& store) {
  Database database = Database::open_or_create(file);
  database.run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384");
  if (database.integer("PRAGMA user_version") == 0) {
    Transaction transaction(database);
    database.run(sql);
    Statement(database, "INSERT INTO meta VALUES ('store', ?1)").bind(1, store).run();
    transaction.commit();
  }
  return database;
}

std::uint64_t copy_database(const base::Path& file, const base::Path& copy) {
  Database database = Database::open_or_create(file);
  { const Database created = Database::open_or_create(copy); }  // private to the owner
  Statement(database, "VACUUM INTO ?1").bind(1, copy.string()).run();
  return static_cast<std::uint64_t>(database.integer("PRAGMA user_version"));
}

bool belongs_to(Database& database, const StoreId& store) {
  Statement statement(database, "SELECT value FROM meta WHERE name = 'store'");
  return statement.step() && std::ranges::equal(statement.blob(0), store);
}

}  // namespace store
