#include "store/reindex.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/layout.h"
#include "store/sqlite.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ReindexTest : public StoreFixture {
 protected:
  ReindexTest() { make_store(); }

  void back_up(const std::string& account, unsigned first, unsigned count) {
    std::vector<std::string> messages;
    for (unsigned i = 0; i < count; ++i) messages.push_back(sample_message(first + i));
    Writer writer = open_writer();
    add_snapshot(writer, account, {add_folder(writer, "INBOX", messages)});
    writer.commit();
  }

  // Every row of the index, with packs by their names, sorted.
  std::vector<std::string> dump() {
    Database database = Database::open_read_only(index_file(location_)).value();
    std::vector<std::string> lines;
    for (const char* sql :
         {"SELECT 'pack', hex(name), hex(id), size, listed FROM packs",
          "SELECT 'block', hex(p.name), b.block % 65536, stream, place, plain_length, "
          "sealed_length FROM blocks b JOIN packs p ON p.pack = b.block / 65536",
          "SELECT 'object', hex(o.id), hex(p.name), block % 65536, start, length FROM objects o "
          "JOIN packs p ON p.pack = o.block / 65536",
          "SELECT 'message', hex(o.id), hex(p.name), block % 65536, start, length, o.size FROM "
          "messages o JOIN packs p ON p.pack = o.block / 65536",
          "SELECT 'commit', number, hex(c.id), hex(previous), hex(p.name), time FROM commits c "
          "JOIN packs p ON p.pack = c.pack",
          "SELECT 'snapshot', hex(id), account, time, kind, status, hex(prefix), folders, "
          "messages, "
          "bytes, hex(root), number FROM snapshots",
          "SELECT 'condemned', hex(name), number, time FROM condemned",
          "SELECT 'meta', name, hex(value) FROM meta"}) {
      Statement statement(database, sql);
      while (statement.step()) {
        std::string line;
        for (int column = 0; column < statement.columns(); ++column) {
          line += statement.text(column) + ' ';
        }
        lines.push_back(line);
      }
    }
    std::ranges::sort(lines);
    return lines;
  }
};

TEST_F(ReindexTest, TheNewIndexIsEqualToTheLostOne) {
  back_up("alice", 0, 20);
  back_up("bob", 10, 20);
  back_up("alice", 0, 25);
  const std::vector<std::string> before = dump();
  const ReindexReport report = reindex(location_, files_);
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_EQ(3U, report.packs);
  EXPECT_EQ(30U, report.messages);
  EXPECT_EQ(before, dump());
}

TEST_F(ReindexTest, AnIndexThatIsNoDatabaseIsReplaced) {
  back_up("alice", 0, 3);
  const std::vector<std::string> before = dump();
  std::ofstream(index_file(location_), std::ios::trunc) << "this is no database at all";
  EXPECT_ERROR(kDamaged, "mailstow-backupd reindex", open_writer());
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(before, dump());
}

TEST_F(ReindexTest, WhatADamagedPackHeldIsSaidToBeLostAndTheRestIsThere) {
  back_up("alice", 0, 3);
  const base::Path first = packs().at(0);
  back_up("bob", 3, 4);
  std::filesystem::resize_file(first, std::filesystem::file_size(first) - 1);
  const ReindexReport report = reindex(location_, files_);
  EXPECT_EQ(1U, report.packs);
  ASSERT_THAT(report.damage, SizeIs(1));
  EXPECT_THAT(report.damage[0], HasSubstr(first.filename().string()));
  Reader reader = open_reader();
  EXPECT_THAT(reader.accounts(), testing::ElementsAre("bob"));
  EXPECT_THAT(restore(reader, "bob", "INBOX"), SizeIs(4));
}

TEST_F(ReindexTest, ALostCommitIsTold) {
  back_up("alice", 0, 3);
  std::filesystem::remove(packs().at(0));
  const ReindexReport report = reindex(location_, files_);
  ASSERT_THAT(report.damage, SizeIs(1));
  EXPECT_THAT(report.damage[0], HasSubstr("commit 1 was made in it"));
}

TEST_F(ReindexTest, ItWaitsForNoWriter) {
  const Writer writer = open_writer();
  EXPECT_ERROR(kBusy, "another mailstow writes to it", reindex(location_, files_));
}

}  // namespace
}  // namespace store
