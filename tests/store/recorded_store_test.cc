// The commit records of a store in a directory: they follow the commits, those of older stores
// appear, and the store never depends on them.
#include <filesystem>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "store/format/layout.h"
#include "store/index/commit_log.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "tests/expect_error.h"
#include "tests/store/change_byte.h"
#include "tests/store/store_fixture.h"
#include "tests/text_of.h"

namespace store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace fs = std::filesystem;

class RecordedStoreTest : public StoreFixture {
 protected:
  RecordedStoreTest() {
    make_store();
    back_up(3);
    back_up(6);
  }

  void back_up(unsigned messages) {
    back_up_at(std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000 + messages)), "alice",
               samples(0, messages));
  }

  std::vector<std::string> restored() {
    Reader reader = open_reader();
    return restore(reader, "alice", "INBOX");
  }

  std::vector<std::string> records() { return files_.list(commits_directory(location_)); }

  base::Path record_of(std::uint64_t number) {
    return commits_directory(location_) / numbered_key(number);
  }

  // As a version of mailstow without records leaves a store.
  void forget_records() {
    fs::remove_all(commits_directory(location_));
    fs::remove_all(owner_directory(location_));
    fs::remove(host_identity_file(location_));
  }

  void forget_index() { fs::remove_all(location_.index); }

  void forget_marks() {
    fs::remove(highest_commit_file(location_));
    for (const auto& entry : fs::directory_iterator(location_.key_file.parent_path())) {
      if (entry.path().string().ends_with(".commit")) fs::remove(entry.path());
    }
  }

  std::vector<std::string> damage() { return check(location_, files_, {}).damage; }

  // All files of the store, with their content, but for the locks of readers.
  std::map<base::Path, std::string> everything() {
    std::map<base::Path, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(location_.store)) {
      if (entry.path().parent_path() == readers_directory(location_)) continue;
      if (entry.is_regular_file()) all[entry.path()] = tests::text_of(entry.path());
    }
    return all;
  }

  BlockContext context() { return open_keys(location_, files_); }

  // As another host would record a commit of its own.
  void record_as_other_host(std::uint64_t number) {
    CommitRecord record{.number = number,
                        .last = number,
                        .commit = {},
                        .previous = {},
                        .pack = {},
                        .epoch = 1,
                        .host = {},
                        .random = {}};
    fill_random(record.commit.bytes);
    fill_random(record.pack.bytes);
    const BlockContext keys = context();
    CommitLog(*storage_of(location_, files_), keys).publish(record);
  }
};

TEST_F(RecordedStoreTest, EachCommitHasARecord) {
  EXPECT_THAT(records(), ElementsAre(numbered_key(1), numbered_key(2)));
  EXPECT_THAT(files_.list(owner_directory(location_)), ElementsAre(numbered_key(1)))
      << "one host wrote to it";
  EXPECT_THAT(damage(), IsEmpty());
  const BlockContext keys = context();
  const std::shared_ptr<Storage> storage = storage_of(location_, files_);
  const std::vector<CommitRecord> newest = CommitLog(*storage, keys).of(2);
  ASSERT_THAT(newest, SizeIs(1));
  Index index = Index::open_read_only(index_file(location_), keys.store);
  EXPECT_EQ(index.highest_commit().id, newest[0].commit);
  EXPECT_EQ(index.commit_id(1), newest[0].previous);
  EXPECT_TRUE(fs::exists(location_.store / "packs" / newest[0].pack.hex()));
}

TEST_F(RecordedStoreTest, AnOlderStoreIsReadWithoutAChange) {
  forget_records();
  const std::map<base::Path, std::string> before = everything();
  EXPECT_EQ(samples(0, 6), restored());
  EXPECT_THAT(damage(), IsEmpty());
  EXPECT_EQ(before, everything());
}

TEST_F(RecordedStoreTest, TheFirstWriterRecordsTheNewestCommitOfAnOlderStore) {
  for (const bool is_index_lost : {false, true}) {
    forget_records();
    if (is_index_lost) forget_index();
    EXPECT_THAT(open_writer().damage(), IsEmpty());
    EXPECT_THAT(records(), ElementsAre(numbered_key(2)));
    EXPECT_THAT(damage(), IsEmpty());
  }
  back_up(7);
  EXPECT_THAT(records(), ElementsAre(numbered_key(2), numbered_key(3)));
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(samples(0, 7), restored());
  EXPECT_THAT(damage(), IsEmpty());
}

TEST_F(RecordedStoreTest, ACommitOfAnOlderProgramInBetweenIsRecorded) {
  fs::remove(record_of(2));
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_THAT(records(), ElementsAre(numbered_key(1), numbered_key(2)));
}

TEST_F(RecordedStoreTest, APruneKeepsTheRecords) {
  PruneOptions options;
  options.drop = {open_reader().snapshots("alice").front().id};
  prune(location_, files_, clock_, options);
  EXPECT_THAT(records(), Contains(numbered_key(1)));
  EXPECT_THAT(records(), Contains(numbered_key(3)));
  EXPECT_THAT(damage(), IsEmpty());
}

TEST_F(RecordedStoreTest, AMissingPackIsNoticedWithoutAnyMark) {
  const BlockContext keys = context();
  const CommitRecord newest = CommitLog(*storage_of(location_, files_), keys).of(2).front();
  fs::remove(location_.store / "packs" / newest.pack.hex());
  forget_index();
  forget_marks();
  EXPECT_ERROR(kDamaged, "commit 2 was made in it, but the newest that can be found is 1",
               open_writer());
  const RepairReport report = repair(location_, files_, clock_);
  EXPECT_THAT(report.found, Contains(HasSubstr("commit 2 was made in it")));
  EXPECT_THAT(report.after.damage, IsEmpty());
  EXPECT_EQ(samples(0, 3), restored());
  EXPECT_THAT(records(), Contains(numbered_key(3))) << "no number is used twice";
  EXPECT_THAT(open_writer().damage(), IsEmpty());
}

TEST_F(RecordedStoreTest, ADamagedRecordIsReportedAndRepairedAndKeepsNoBackupFromItsWork) {
  constexpr std::uint64_t kInTheBox = 50;
  tests::change_byte(record_of(1), kInTheBox);
  EXPECT_THAT(damage(), ElementsAre(HasSubstr(record_of(1).string())));
  EXPECT_THAT(open_writer().damage(), IsEmpty()) << "it is not needed";
  tests::change_byte(record_of(2), kInTheBox);
  EXPECT_THAT(damage(),
              ElementsAre(HasSubstr(record_of(1).string()), HasSubstr(record_of(2).string())));
  EXPECT_THAT(open_writer().damage(), ElementsAre(HasSubstr(record_of(2).string())));
  back_up(7);
  EXPECT_THAT(damage(), SizeIs(2));
  EXPECT_THAT(repair(location_, files_, clock_).after.damage, IsEmpty());
  EXPECT_THAT(records(), ElementsAre(numbered_key(1), numbered_key(2), numbered_key(3)));
  EXPECT_EQ(samples(0, 7), restored());
}

TEST_F(RecordedStoreTest, ARecordThatContradictsThePacksIsDamage) {
  fs::remove(record_of(1));
  record_as_other_host(1);
  EXPECT_THAT(damage(), ElementsAre(HasSubstr("it names a different commit 1")));
}

TEST_F(RecordedStoreTest, ARecordOfACommitThatIsNowhereIsDamage) {
  record_as_other_host(3);
  EXPECT_THAT(damage(), ElementsAre(HasSubstr("which is missing")));
  EXPECT_ERROR(kDamaged, "commit 3 was made in it", open_writer());
}

TEST_F(RecordedStoreTest, AWriterThatAnotherHostOvertookStops) {
  {
    Writer writer = open_writer();
    add_snapshot(writer, "bob", {add_folder(writer, "INBOX", samples(20, 1))});
    record_as_other_host(3);
    EXPECT_ERROR(kBusy, "has taken it over meanwhile", writer.commit());
  }
  EXPECT_EQ(samples(0, 6), restored());
  EXPECT_THAT(open_reader().accounts(), ElementsAre("alice"));
}

TEST_F(RecordedStoreTest, LeftoversAmongTheRecordsAreRemoved) {
  for (const base::Path& directory : {commits_directory(location_), owner_directory(location_)}) {
    const base::Path leftover = directory / ".mailstow-1-0.tmp";
    files_.create(leftover)->write(base::as_bytes("half a record"));
    open_writer();
    EXPECT_FALSE(fs::exists(leftover));
  }
}

}  // namespace
}  // namespace store
