// The database of the restore desk: what was put is found again, and any change from outside, an
// older record or an older file is found out.
#include "store/sealed_records.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "store/index/sqlite.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SealedRecordsTest : public StoreFixture {
 protected:
  SealedRecordsTest() { make_store(); }

  SealedRecords open() { return SealedRecords::open(location_, files_); }

  // The database as it is now, complete with its log.
  void keep(const std::string& name) {
    for (const char* end : {"", "-wal"}) {
      const base::Path file = SealedRecords::file(location_).string() + end;
      const base::Path copy = location_.index / (name + end);
      std::filesystem::remove(copy);
      if (std::filesystem::exists(file)) std::filesystem::copy_file(file, copy);
    }
  }
  void put_back(const std::string& name) {
    for (const char* end : {"", "-wal", "-shm"}) {
      const base::Path file = SealedRecords::file(location_).string() + end;
      const base::Path copy = location_.index / (name + end);
      std::filesystem::remove(file);
      if (std::filesystem::exists(copy)) std::filesystem::copy_file(copy, file);
    }
  }

  // A change by a program without the key.
  void meddle(const std::string& sql) {
    Database database = Database::open_or_create(SealedRecords::file(location_));
    database.run(sql);
  }
};

TEST_F(SealedRecordsTest, RemembersWhatWasPutLast) {
  {
    SealedRecords records = open();
    records.put("job", "a", "one");
    records.put("job", "b", std::string("tw\0o", 4));
    records.put("grant", "a", "three");
    records.put("job", "a", "four");
    records.put("plan", "c", "");
    records.remove("plan", "c");
    records.remove("plan", "never there");
  }
  const SealedRecords records = open();
  EXPECT_THAT(records.list("job"),
              ElementsAre(testing::Pair("a", "four"), testing::Pair("b", std::string("tw\0o", 4))));
  EXPECT_EQ(records.find("grant", "a"), "three");
  EXPECT_EQ(records.find("grant", "b"), std::nullopt);
  EXPECT_THAT(records.list("plan"), IsEmpty());
}

TEST_F(SealedRecordsTest, SeveralChangesAreOne) {
  {
    SealedRecords records = open();
    records.put("job", "a", "one");
    const std::vector<RecordChange> changes = {
        {"job", "b", "two"}, {"job", "a", std::nullopt}, {"job", "b", "three"}};
    records.apply(changes);
    EXPECT_THAT(records.list("job"), ElementsAre(testing::Pair("b", "three")));
    const std::vector<RecordChange> too_long = {
        {"job", "c", "four"}, {"job", "d", std::string(SealedRecords::kMaxText + 1, 'x')}};
    EXPECT_ERROR(kInternal, "too long", records.apply(too_long));
    EXPECT_THAT(records.list("job"), ElementsAre(testing::Pair("b", "three")));
    records.put("job", "e", "five");
  }
  EXPECT_THAT(open().list("job"),
              ElementsAre(testing::Pair("b", "three"), testing::Pair("e", "five")));
}

// A durable change succeeds, even if the store's disk has no room for the count.
TEST_F(SealedRecordsTest, ACountThatCannotBeWrittenIsCorrectedLater) {
  {
    SealedRecords records = open();
    records.put("job", "a", "one");
    const base::Path count = location_.store / "desk-changes";
    std::filesystem::remove(count);
    std::filesystem::create_directory(count);
    records.put("job", "a", "two");
    EXPECT_EQ(records.find("job", "a"), "two");
    std::filesystem::remove(count);
  }
  EXPECT_EQ(open().find("job", "a"), "two");
  EXPECT_TRUE(std::filesystem::exists(location_.store / "desk-changes"));
}

TEST_F(SealedRecordsTest, NothingInTheFileCanBeRead) {
  {
    SealedRecords records = open();
    records.put("grant", "alice@example.org", "may look at everything");
  }
  for (const char* end : {"", "-wal"}) {
    const auto bytes = base::read_file(files_, SealedRecords::file(location_).string() + end,
                                       std::uint64_t{1} << 24U);
    if (!bytes) continue;
    EXPECT_EQ(base::as_text(*bytes).find("alice"), std::string_view::npos);
    EXPECT_EQ(base::as_text(*bytes).find("everything"), std::string_view::npos);
    EXPECT_EQ(base::as_text(*bytes).find("grant"), std::string_view::npos);
  }
}

TEST_F(SealedRecordsTest, ChangesFromOutsideAreFoundOut) {
  {
    SealedRecords records = open();
    for (int at = 0; at < 5; ++at) records.put("job", std::to_string(at), "text");
  }
  keep("good");
  const std::vector<std::string> meddling = {
      "DELETE FROM records WHERE name = (SELECT max(name) FROM records)",
      "DELETE FROM records WHERE name = x'" + std::string(64, '0') + "'",
      "DELETE FROM records WHERE name <> x'" + std::string(64, '0') + "'",
      "UPDATE records SET box = zeroblob(100) WHERE name = (SELECT max(name) FROM records)",
      "UPDATE records SET nonce = x'00' WHERE name = (SELECT max(name) FROM records)",
      "UPDATE records SET box = substr(box, 1, length(box) - 1)",
      "INSERT INTO records SELECT randomblob(32), nonce, box FROM records LIMIT 1",
      "UPDATE records SET (nonce, box) = (SELECT nonce, box FROM records ORDER BY name DESC)",
      "UPDATE meta SET value = zeroblob(16)"};
  for (const std::string& sql : meddling) {
    SCOPED_TRACE(sql);
    meddle(sql);
    EXPECT_ERROR(kDamaged, "desk.sqlite", open());
    put_back("good");
    EXPECT_EQ(open().list("job").size(), 5U);
  }
}

TEST_F(SealedRecordsTest, AnOlderRecordOrFileIsFoundOut) {
  {
    SealedRecords records = open();
    records.put("usage", "alice", "9 restores");
    records.put("job", "a", "x");
  }
  keep("older");
  open().put("usage", "alice", "10 restores");
  keep("newer");
  meddle("ATTACH '" + (location_.index / "older").string() +
         "' AS older; DELETE FROM records WHERE name <> x'" + std::string(64, '0') +
         "'; INSERT INTO records SELECT * FROM older.records WHERE name <> x'" +
         std::string(64, '0') + "'");
  EXPECT_ERROR(kDamaged, "older ones put back", open());
  put_back("older");
  EXPECT_ERROR(kDamaged, "an older state", open());
  // An empty one is older, too.
  std::filesystem::remove(SealedRecords::file(location_));
  std::filesystem::remove(SealedRecords::file(location_).string() + "-wal");
  EXPECT_ERROR(kDamaged, "an older state", open());
  put_back("newer");
  EXPECT_EQ(open().find("usage", "alice"), "10 restores");
}

TEST_F(SealedRecordsTest, OneProcessAtATimeHasItOpen) {
  const SealedRecords records = open();
  EXPECT_ERROR(kBusy, "another one", open());
}

}  // namespace
}  // namespace store
