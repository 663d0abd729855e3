#include "store/maintenance/reindex.h"

#include <algorithm>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/layout.h"
#include "store/index/sqlite.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "tests/expect_error.h"
#include "tests/forwarding_file_system.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// The real file system, of which one file can't be reached.
class FileOutOfReach : public tests::ForwardingFileSystem {
 public:
  base::Path out_of_reach;

  std::unique_ptr<base::File> open(const base::Path& path) override {
    if (path == out_of_reach) base::fail(base::ErrorCode::kStorage, "read it: no answer");
    return tests::ForwardingFileSystem::open(path);
  }
};

class ReindexFixture : public StoreFixture {
 protected:
  explicit ReindexFixture(tests::HeldBy held_by) : StoreFixture(held_by) { make_store(); }

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
    // Remaining data about condemned packs is for older readers only.
    const std::string living = "p.pack NOT IN (SELECT pack FROM condemned)";
    const std::string with_pack = " JOIN packs p ON p.pack = block / 65536 AND " + living;
    for (const std::string& sql :
         {"SELECT 'pack', hex(name), hex(id), effort, size, listed FROM packs p WHERE " + living,
          "SELECT 'block', hex(p.name), block % 65536, stream, place, plain_length, "
          "sealed_length FROM blocks" +
              with_pack,
          "SELECT 'object', hex(o.id), hex(p.name), block % 65536, start, length FROM objects o" +
              with_pack,
          "SELECT 'message', hex(o.id), hex(p.name), block % 65536, start, length, o.size FROM "
          "messages o" +
              with_pack,
          std::string("SELECT 'commit', number, hex(c.id), hex(previous), hex(p.name), time FROM "
                      "commits c JOIN packs p ON p.pack = c.pack"),
          std::string("SELECT 'snapshot', hex(id), account, time, kind, status, hex(prefix), "
                      "folders, messages, bytes, hex(root), number FROM snapshots"),
          std::string("SELECT 'condemned', hex(name), number, time FROM condemned"),
          std::string("SELECT 'meta', name, hex(value) FROM meta")}) {
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

class ReindexTest : public tests::OnEachStorage<ReindexFixture> {};

TEST_P(ReindexTest, TheNewIndexEqualsTheLostOne) {
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

TEST_P(ReindexTest, DroppedSnapshotsStayDroppedAndCondemnedPacksCondemned) {
  back_up("alice", 0, 20);
  back_up("bob", 20, 5);
  back_up("alice", 50, 10);
  back_up("bob", 60, 3);
  const auto oldest = [&](const std::string& account) {
    return open_reader().snapshots(account).at(0).id;
  };
  EXPECT_EQ(1U, drop_snapshots(location_, files_, clock_, {oldest("bob")}));
  PruneOptions options;
  options.drop = {oldest("alice")};
  EXPECT_GT(prune(location_, files_, clock_, options).condemned, 0U);
  back_up("carol", 70, 2);
  const std::vector<std::string> before = dump();
  EXPECT_THAT(before, testing::Contains(testing::StartsWith("condemned ")));
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(before, dump());
  Reader reader = open_reader();
  EXPECT_THAT(reader.snapshots("alice"), SizeIs(1));
  EXPECT_THAT(reader.snapshots("bob"), SizeIs(1));

  // The same once the condemned files are gone.
  clock_.moment += std::chrono::hours(48);
  EXPECT_GT(prune(location_, files_, clock_, {}).deleted, 0U);
  const std::vector<std::string> after = dump();
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(after, dump());
}

TEST_P(ReindexTest, AMissingPackIsNamedByTheCommitThatKnowsIt) {
  back_up("alice", 0, 3);
  const std::vector<BlobName> first = pack_names();
  back_up("bob", 3, 3);
  const BlobName second = pack_added_since(first);
  back_up("carol", 6, 3);
  stored().lose(second);
  const ReindexReport report = reindex(location_, files_);
  EXPECT_THAT(report.damage, testing::Contains(HasSubstr(second.key())));
  EXPECT_THAT(report.damage, testing::Contains(HasSubstr("commits 2 to 2 are missing")));
  Reader reader = open_reader();
  EXPECT_THAT(reader.accounts(), testing::ElementsAre("alice", "carol"));
}

TEST_P(ReindexTest, AnIndexThatIsNotADatabaseIsReplaced) {
  back_up("alice", 0, 3);
  const std::vector<std::string> before = dump();
  std::ofstream(index_file(location_), std::ios::trunc) << "this is no database at all";
  EXPECT_ERROR(kDamaged, "mailstow-backupd reindex", open_writer());
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(before, dump());
}

class ReindexInADirectoryTest : public ReindexFixture {
 protected:
  ReindexInADirectoryTest() : ReindexFixture(tests::HeldBy::kDirectory) {}
};

TEST_F(ReindexInADirectoryTest, TheOldIndexStaysUntilTheNewOneIsComplete) {
  back_up("alice", 0, 3);
  back_up("bob", 3, 3);
  const std::vector<std::string> before = dump();
  const base::Path unfinished = new_index_file(location_);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::ofstream(unfinished.string() + suffix) << "of a run that was killed";
  }
  FileOutOfReach files;
  files.out_of_reach = packs().at(1);
  EXPECT_ERROR(kStorage, "no answer", reindex(location_, files));
  EXPECT_EQ(before, dump());
  EXPECT_FALSE(std::filesystem::exists(unfinished));
  Reader reader = open_reader();
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(before, dump());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    EXPECT_FALSE(std::filesystem::exists(unfinished.string() + suffix)) << suffix;
  }
  EXPECT_EQ(samples(3, 3), restore(reader, "bob", "INBOX")) << "through the old index";
}

TEST_P(ReindexTest, ContentOfADamagedPackIsReportedLostAndTheRestIsReadable) {
  back_up("alice", 0, 3);
  const BlobName first = pack_names().at(0);
  back_up("bob", 3, 4);
  stored().truncate(first, stored().size(first) - 1);
  const ReindexReport report = reindex(location_, files_);
  EXPECT_EQ(1U, report.packs);
  EXPECT_THAT(report.damage, testing::Contains(HasSubstr(first.key())));
  Reader reader = open_reader();
  EXPECT_THAT(reader.accounts(), testing::ElementsAre("bob"));
  EXPECT_THAT(restore(reader, "bob", "INBOX"), SizeIs(4));
}

TEST_P(ReindexTest, ALostCommitIsReported) {
  back_up("alice", 0, 3);
  stored().lose(pack_names().at(0));
  const ReindexReport report = reindex(location_, files_);
  ASSERT_THAT(report.damage, SizeIs(1));
  EXPECT_THAT(report.damage[0], HasSubstr("commit 1 was made in it"));
}

TEST_P(ReindexTest, DoesNotWaitForAWriter) {
  const Writer writer = open_writer();
  EXPECT_ERROR(kBusy, "another mailstow process is writing to it", reindex(location_, files_));
}

INSTANTIATE_TEST_SUITE_P(Directory, ReindexTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, ReindexTest, tests::a_late_storage());

}  // namespace
}  // namespace store
