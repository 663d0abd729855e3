// SQLite, as far as the index needs it; the only place that includes <sqlite3.h>. Errors of SQLite
// become base::Error: kNoSpace for a full disk, kDamaged for a file that is not a database, kIo for
// the rest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace store {

class Database;

// A prepared statement: bind every parameter, step, read columns. Parameters count from 1, columns
// from 0.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, base::ByteView blob);
  Statement& bind_null(int parameter);

  // Returns whether there is a row. At the end the statement is ready to be bound again.
  bool step();
  void run();  // to completion
  void reset();

  int columns() const;
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::string text(int column) const;
  base::ByteView blob(int column) const;  // valid until the next step

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  [[noreturn]] void fail(int code) const;

  Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// One connection; one thread at a time.
class Database {
 public:
  static Database open_or_create(const std::filesystem::path& path);
  // If it exists. Where nothing can be written beside it (its disk is full, or mounted read-only)
  // and no writer left a log to be read, it is read as a file that does not change. If a writer
  // finds room later, what is read can be wrong: from then on every step fails with kIo.
  static std::optional<Database> open_read_only(const std::filesystem::path& path);
  static Database in_memory();  // empty, and discarded with its connection

  // Replaces the content of the other one. Needs nothing to be written to this one.
  void copy_to(Database& copy);

  void run(std::string_view sql);  // any number of statements, without results
  std::int64_t integer(std::string_view sql);

 private:
  friend class Statement;
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };
  static Database open(const std::filesystem::path& path, int flags);
  static Database open_unchanging(const std::filesystem::path& path);
  Database(std::filesystem::path path, std::unique_ptr<sqlite3, Close> handle);
  [[noreturn]] void fail(const char* operation, int code) const;
  bool was_changed() const;
  bool is_in_transaction() const;

  std::filesystem::path path_;
  std::optional<std::filesystem::file_time_type> unchanged_since_;  // of open_unchanging()
  std::unique_ptr<sqlite3, Close> handle_;
};

// Rolled back unless committed. Everything read in it comes from one moment: that of its first
// read, or for kWrite that of its beginning. One within another is a part of it, which can be
// rolled back alone.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  explicit Transaction(Database& database, Kind kind = Kind::kWrite);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database* database_;
  bool is_part_;
};

}  // namespace store
