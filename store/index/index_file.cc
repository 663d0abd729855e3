#include "store/index/index_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "base/error.h"
#include "schema/embedded.h"
#include "store/index/snapshot_rows.h"
#include "store/index/store_database.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

// Version 1 has no sequences, version 2 no pins, version 4 no extensions. Version 3 has the same
// tables as version 4, but its programs pass over what raises Commit::used_up: they must not write
// to this store.
void migrate(Database& database) {
  Transaction transaction(database);
  if (database.integer("PRAGMA user_version") == 1) {  // another process may have been faster
    database.run("ALTER TABLE snapshots ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0");
    number_snapshots(database);
    database.run(
        "DROP INDEX snapshots_of_account; "
        "CREATE INDEX snapshots_of_account ON snapshots (account, sequence); "
        "PRAGMA user_version = 2");
  }
  if (database.integer("PRAGMA user_version") == 2) {
    database.run(
        "CREATE TABLE pins (snapshot BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID; "
        "PRAGMA user_version = 3");
  }
  if (database.integer("PRAGMA user_version") == 3) database.run("PRAGMA user_version = 4");
  if (database.integer("PRAGMA user_version") == 4) {
    database.run(
        "CREATE TABLE IF NOT EXISTS extensions (tag INTEGER NOT NULL, name BLOB NOT NULL, "
        "forbids INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (tag, name)) WITHOUT ROWID; "
        "PRAGMA user_version = 5");
  }
  transaction.commit();
}

// The views through which a reader sees an older index until the next writer migrates it: the disk
// may be full, and a backup of the older mailstow may be under way.
constexpr std::string_view kViewOfVersion1 =
    "CREATE TEMP VIEW snapshots AS SELECT *, row_number() OVER "
    "(PARTITION BY account ORDER BY time, number, line) AS sequence FROM main.snapshots";

constexpr std::string_view kViewOfVersion2 =
    "CREATE TEMP VIEW pins AS SELECT x'' AS snapshot, 0 AS until WHERE 0";

constexpr std::string_view kViewOfVersion4 =
    "CREATE TEMP VIEW extensions AS SELECT 0 AS tag, x'' AS name, 0 AS forbids, x'' AS content "
    "WHERE 0";

// `oldest`: the lowest version of the index that the caller can use.
void check_store(Database& database, const base::Path& file, const StoreId& store,
                 std::int64_t oldest = kIndexVersion) {
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (version > kIndexVersion) {
    fail(ErrorCode::kConfig, "open index {}: a newer version of mailstow made it: update mailstow",
         file.string());
  }
  if (version < oldest) {
    fail(ErrorCode::kConfig,
         "open index {}: another version of mailstow made it: use that version, or remove the file "
         "and run mailstow-backupd reindex",
         file.string());
  }
  if (!belongs_to(database, store)) {
    fail(ErrorCode::kConfig, "open index {}: it belongs to another store: set store.index",
         file.string());
  }
}

bool is_of_the_past(Database& database) {
  return database.integer("SELECT count(*) FROM meta WHERE name = 'past'") > 0;
}

// So that no program takes an earlier state for the newest, or the newest for an earlier one.
void check_moment(Database& database, const base::Path& file, IndexUse use) {
  const bool is_past = is_of_the_past(database);
  if (is_past == (use == IndexUse::kPast)) return;
  if (is_past) {
    fail(ErrorCode::kConfig,
         "open index {}: it shows the store as of an earlier commit (--as-of): name another "
         "directory as store.index, or remove the file and run mailstow-backupd reindex",
         file.string());
  }
  fail(ErrorCode::kConfig,
       "open index {}: it does not show the store as of an earlier commit: remove its directory",
       file.string());
}

// A new index becomes one of the past.
void mark_as_past(Database& database) {
  Transaction transaction(database);
  if (database.integer("SELECT count(*) FROM packs") == 0) {
    database.run("INSERT OR IGNORE INTO meta VALUES ('past', x'')");
  }
  transaction.commit();
}

void add_readers_mark(Database& database) {
  database.run("INSERT OR IGNORE INTO meta VALUES ('readers', x'')");
}

void check_use(Database& database, const base::Path& file, IndexUse use) {
  if (use == IndexUse::kPast) mark_as_past(database);
  check_moment(database, file, use);
  if (use == IndexUse::kPast) return;
  const auto is_for_readers = [&] {
    return database.integer("SELECT count(*) FROM meta WHERE name = 'readers'") > 0;
  };
  if (use == IndexUse::kWriters) {
    if (!is_for_readers()) return;
    fail(ErrorCode::kConfig,
         "open index {}: it is one of programs that only read (store.own_index): name another "
         "directory as store.index",
         file.string());
  }
  if (is_for_readers()) return;
  Transaction transaction(database);
  if (database.integer("SELECT count(*) FROM packs") > 0) {
    fail(ErrorCode::kConfig,
         "open index {}: backups use it, so store.own_index is wrong: remove the option, or name "
         "another directory as store.index",
         file.string());
  }
  add_readers_mark(database);
  transaction.commit();
}

}  // namespace

void make_index_directory(const base::Path& file) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path().parent_path(), error);
  if (::mkdir(file.parent_path().c_str(), 0700) != 0 && errno != EEXIST) {
    base::fail_with_errno(errno, "make directory " + file.parent_path().string());
  }
}

Database open_index_file(const base::Path& file, const StoreId& store, IndexUse use) {
  make_index_directory(file);
  Database database = open_or_create_tables(file, schema::kIndexSql, store);
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (version >= 1 && version < kIndexVersion) migrate(database);
  check_store(database, file, store);
  check_use(database, file, use);
  return database;
}

void mark_for_readers(const base::Path& file) {
  Database database = Database::open_or_create(file);
  add_readers_mark(database);
}

Database open_index_file_read_only(const base::Path& file, const StoreId& store, IndexUse use) {
  std::optional<Database> database = Database::open_read_only(file);
  if (!database) {
    fail(ErrorCode::kNotFound, "open index {}: not found: rebuild it with mailstow-backupd reindex",
         file.string());
  }
  const std::int64_t version = database->integer("PRAGMA user_version");
  if (version == 1) database->run(kViewOfVersion1);
  if (version == 1 || version == 2) database->run(kViewOfVersion2);
  if (version >= 1 && version <= 4) database->run(kViewOfVersion4);
  database->run("PRAGMA query_only = 1; PRAGMA cache_size = -8192");
  check_store(*database, file, store, /*oldest=*/1);
  check_moment(*database, file, use);
  return std::move(*database);
}

}  // namespace store
