// A database beside which nothing can be written.
#include "store/index/sqlite.h"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/expect_error.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

namespace fs = std::filesystem;

class SqliteTest : public testing::Test {
 protected:
  SqliteTest() {
    Database::open_or_create(file_).run(
        "PRAGMA journal_mode = WAL; CREATE TABLE mail (content BLOB); "
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500) "
        "INSERT INTO mail SELECT zeroblob(1000) FROM numbers");
    // Not even root can make this file of SQLite's.
    fs::create_symlink(directory_.path() / "nowhere/shm", beside("-shm"));
  }

  fs::path beside(const char* ending) const { return file_.string() + ending; }

  static constexpr const char* kReadAll = "SELECT sum(length(content)) FROM mail";

  tests::TemporaryDirectory directory_;
  fs::path file_ = directory_.path() / "index with 100% of it?.sqlite";
};

TEST_F(SqliteTest, IsReadUnchanged) {
  EXPECT_EQ(Database::open_read_only(file_).value().integer(kReadAll), 500'000);
}

TEST_F(SqliteTest, IsNotReadWithoutTheLogOfAWriter) {
  std::ofstream(beside("-wal")) << "x";
  EXPECT_ERROR(kIo, "its disk is full or read-only",
               Database::open_read_only(file_).value().integer(kReadAll));
}

TEST_F(SqliteTest, IsNotCalledDamagedIfAWriterChangedIt) {
  Database database = Database::open_read_only(file_).value();
  const auto size = fs::file_size(file_);
  const auto written = fs::last_write_time(file_);
  std::ofstream(file_) << std::string(size, 'x');
  fs::last_write_time(file_, written + std::chrono::hours(1));
  EXPECT_ERROR(kIo, "another process changed it", database.integer(kReadAll));
}

TEST_F(SqliteTest, IsNoLongerReadOnceAWriterFoundRoom) {
  fs::last_write_time(file_, fs::last_write_time(file_) - std::chrono::hours(1));
  Database database = Database::open_read_only(file_).value();
  Statement rows(database, "SELECT content FROM mail");
  EXPECT_TRUE(rows.step());
  fs::remove(beside("-shm"));
  {
    Database writer = Database::open_or_create(file_);
    writer.run("INSERT INTO mail VALUES (zeroblob(1000))");
    EXPECT_ERROR(kIo, "another process changed it", rows.step());
    EXPECT_ERROR(kIo, "another process changed it", database.integer(kReadAll));
  }
  // The log is in the database now.
  EXPECT_ERROR(kIo, "another process changed it", database.integer(kReadAll));
  EXPECT_EQ(Database::open_read_only(file_).value().integer(kReadAll), 501'000);
}

TEST_F(SqliteTest, ATransactionWithinAnotherIsAPartOfIt) {
  Database database = Database::in_memory();
  database.run("CREATE TABLE numbers (n)");
  const auto insert = [&](int number) {
    database.run("INSERT INTO numbers VALUES (" + std::to_string(number) + ")");
  };
  const auto sum = [&] { return database.integer("SELECT sum(n) FROM numbers"); };
  {
    Transaction all(database);
    insert(1);
    {
      Transaction part(database);
      insert(2);
      part.commit();
    }
    {
      const Transaction part(database);
      insert(4);
    }
    EXPECT_EQ(1 + 2, sum());
    all.commit();
  }
  EXPECT_EQ(1 + 2, sum());
  {
    const Transaction all(database);
    Transaction part(database);
    insert(8);
    part.commit();
    EXPECT_EQ(1 + 2 + 8, sum());
  }
  EXPECT_EQ(1 + 2, sum());
}

}  // namespace
}  // namespace store
