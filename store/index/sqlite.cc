#include "store/index/sqlite.h"

#include <system_error>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "base/error.h"
#include "base/log.h"
#include "base/regular_file.h"

namespace store {

namespace {

using base::ErrorCode;

constexpr int kBusyMilliseconds = 10'000;

// Fails with kDamaged if another kind of file is in the place of a database, because SQLite would
// wait for the other end of a FIFO. A file that exists is not opened here: closing it would release
// the locks that SQLite holds on it in this process.
bool database_exists(const std::filesystem::path& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return false;
  if (!S_ISREG(status.st_mode)) {
    base::fail(
        ErrorCode::kDamaged,
        "open index {}: it is not a regular file: remove it and run mailstow-backupd reindex",
        path.string());
  }
  return true;
}

// SQLite gives -wal and -shm the mode of the database, so it is created first, private to the
// owner.
void create_private_file(const std::filesystem::path& path) {
  if (database_exists(path)) return;
  static_cast<void>(base::open_regular_file("open index", path, O_RDWR | O_CREAT));
}

// A reader of a database with a write-ahead log makes the file -shm beside it.
bool needs_to_write(int code) {
  const int primary = code & 0xff;
  return primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR || primary == SQLITE_READONLY ||
         primary == SQLITE_FULL;
}

// Whether there are changes that are not yet in the database's file.
bool has_log(const std::filesystem::path& path) {
  struct stat status = {};
  return ::stat((path.string() + "-wal").c_str(), &status) == 0 && status.st_size > 0;
}

std::string unchanging_uri(const std::filesystem::path& path) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    const auto byte = static_cast<unsigned char>(c);
    const char lower = base::to_lower(c);
    if (c == '/' || (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9')) {
      uri += c;
    } else {
      uri += {'%', kDigits[byte / 16U], kDigits[byte % 16U]};
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Statement::Statement(Database& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(database.handle_.get(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) fail(code);
}

Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

Statement& Statement::bind(int parameter, std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), parameter, value);
  if (code != SQLITE_OK) fail(code);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  const int code = sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) fail(code);
  return *this;
}

Statement& Statement::bind(int parameter, base::ByteView blob) {
  const int code =
      sqlite3_bind_blob64(statement_.get(), parameter, blob.data(), blob.size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) fail(code);
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  const int code = sqlite3_bind_null(statement_.get(), parameter);
  if (code != SQLITE_OK) fail(code);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (database_->was_changed()) {
    sqlite3_reset(statement_.get());
    fail(code);
  }
  if (code == SQLITE_ROW) return true;
  sqlite3_reset(statement_.get());
  if (code != SQLITE_DONE) fail(code);
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

int Statement::columns() const {
  return sqlite3_column_count(statement_.get());
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  return base::to_text(blob(column));
}

base::ByteView Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)};
}

void Statement::fail(int code) const {
  database_->fail("use", code);
}

void Database::Close::operator()(sqlite3* database) const noexcept {
  sqlite3_close_v2(database);
}

Database::Database(std::filesystem::path path, std::unique_ptr<sqlite3, Close> handle)
    : path_(std::move(path)), handle_(std::move(handle)) {}

Database Database::open_or_create(const std::filesystem::path& path) {
  create_private_file(path);
  return open(path, SQLITE_OPEN_READWRITE);
}

std::optional<Database> Database::open_read_only(const std::filesystem::path& path) {
  if (!database_exists(path)) return std::nullopt;
  Database database = open(path, SQLITE_OPEN_READONLY);
  const int code =
      sqlite3_exec(database.handle_.get(), "PRAGMA user_version", nullptr, nullptr, nullptr);
  if (!needs_to_write(code) || has_log(path)) return database;
  base::log_debug("index {}: {}: it is read as it is", path.string(),
                  sqlite3_errmsg(database.handle_.get()));
  return open_unchanging(path);
}

Database Database::open_unchanging(const std::filesystem::path& path) {
  const auto written = std::filesystem::last_write_time(path);
  Database database = open(unchanging_uri(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
  database.path_ = path;
  database.unchanged_since_ = written;
  return database;
}

// A writer's changes are in its log at first.
bool Database::was_changed() const {
  if (!unchanged_since_) return false;
  std::error_code error;
  return std::filesystem::last_write_time(path_, error) != *unchanged_since_ || has_log(path_);
}

void Database::copy_to(Database& copy) {
  sqlite3_backup* const backup =
      sqlite3_backup_init(copy.handle_.get(), "main", handle_.get(), "main");
  if (backup == nullptr) copy.fail("copy into", sqlite3_errcode(copy.handle_.get()));
  sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  if (code != SQLITE_OK) copy.fail("copy into", code);
  if (was_changed()) fail("copy", SQLITE_IOERR);
}

Database Database::in_memory() {
  return open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
}

Database Database::open(const std::filesystem::path& path, int flags) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(path, std::unique_ptr<sqlite3, Close>(handle));
  if (code != SQLITE_OK) database.fail("open", code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  return database;
}

void Database::run(std::string_view sql) {
  const int code = sqlite3_exec(handle_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail("use", code);
}

std::int64_t Database::integer(std::string_view sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

void Database::fail(const char* operation, int code) const {
  if (was_changed()) {
    base::fail(ErrorCode::kIo,
               "{} index {}: another process changed it meanwhile: run the command again",
               operation, path_.string());
  }
  const char* why = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_FULL:
      base::fail(ErrorCode::kNoSpace, "{} index {}: {}: free space on its disk", operation,
                 path_.string(), why);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      base::fail(ErrorCode::kDamaged, "{} index {}: {}: rebuild it with mailstow-backupd reindex",
                 operation, path_.string(), why);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
      base::fail(ErrorCode::kIo,
                 "{} index {}: {}: see whether its disk is full or read-only; a copy of its "
                 "directory on another disk can be named as store.index",
                 operation, path_.string(), why);
    default:
      base::fail(ErrorCode::kIo, "{} index {}: {}", operation, path_.string(), why);
  }
}

bool Database::is_in_transaction() const {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

Transaction::Transaction(Database& database, Kind kind)
    : database_(&database), is_part_(database.is_in_transaction()) {
  if (is_part_) {
    database_->run("SAVEPOINT part");
  } else {
    database_->run(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
  }
}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  try {
    database_->run(is_part_ ? "ROLLBACK TO part; RELEASE part" : "ROLLBACK");
  } catch (const std::exception& error) {
    base::log_debug("{}", error.what());  // the error that led here has rolled it back already
  }
}

void Transaction::commit() {
  database_->run(is_part_ ? "RELEASE part" : "COMMIT");
  database_ = nullptr;
}

}  // namespace store
