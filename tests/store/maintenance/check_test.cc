#include "store/maintenance/check.h"

#include <filesystem>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/maintenance/prune.h"
#include "tests/expect_error.h"
#include "tests/store/small_store.h"

namespace store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace fs = std::filesystem;

class CheckTest : public tests::OnEachStorage<SmallStore> {};

TEST_P(CheckTest, ConcurrentBackupsAndPrunesAreNotReportedAsDamage) {
  bool is_begun = false;
  CheckOptions options;
  options.depth = CheckDepth::kReadData;
  options.threads = 1;
  options.progress = [&](const CheckProgress&) {
    if (std::exchange(is_begun, true)) return;
    {
      Writer writer = Writer::open(location_, files_, clock_);
      back_up(writer, "carol", 3);
    }
    PruneOptions forgets_alice;
    forgets_alice.drop = {Reader::open(location_, files_).newest_snapshot("alice").value().id};
    forgets_alice.grace = std::chrono::seconds(0);
    prune(location_, files_, clock_, forgets_alice);
    prune(location_, files_, clock_, forgets_alice);
  };
  const CheckReport report = check(location_, files_, options);
  EXPECT_TRUE(is_begun);
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_EQ(2U, report.snapshots);
  EXPECT_EQ(2U, check_all().snapshots);
}

TEST_P(CheckTest, AnIntactStoreHasNoDamage) {
  for (const CheckDepth depth : {CheckDepth::kQuick, CheckDepth::kReadData}) {
    const CheckReport report = check_all(depth);
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_TRUE(report.is_intact());
    EXPECT_EQ(2U, report.packs);
    EXPECT_EQ(2U, report.commits);
    EXPECT_EQ(2U, report.snapshots);
    EXPECT_EQ(3U, report.messages);
  }
}

// As after a kill between a commit and its index.
TEST_P(CheckTest, AnIndexThatLacksTheLastCommitIsNoDamage) {
  const base::Path kept = location_.index.string() + ".kept";
  std::filesystem::copy(index_file(location_), kept);
  {
    Writer writer = Writer::open(location_, files_, clock_);
    back_up(writer, "carol", 3);
  }
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(index_file(location_).string() + suffix);
  }
  std::filesystem::copy(kept, index_file(location_));
  const CheckReport report = check_all();
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_EQ(3U, report.snapshots);
  EXPECT_EQ(2U, Reader::open(location_, files_).accounts().size()) << "it changed nothing";
  EXPECT_FALSE(std::filesystem::exists(location_.index / "caught-up"));
}

TEST_P(CheckTest, WorksAlongsideAWriterAndOnSeveralThreads) {
  Writer writer = Writer::open(location_, files_, clock_);
  CheckOptions options;
  options.depth = CheckDepth::kReadData;
  options.threads = 4;
  std::uint64_t done = 0;
  options.progress = [&](const CheckProgress& progress) {
    EXPECT_GT(progress.done_bytes, done);
    done = progress.done_bytes;
  };
  const CheckReport report = check(location_, files_, options);
  EXPECT_TRUE(report.is_intact());
  EXPECT_EQ(report.pack_bytes, done);
}

TEST_P(CheckTest, AMissingPackAndItsContentAreNamed) {
  stored().lose(first_pack_);
  for (const CheckDepth depth : {CheckDepth::kQuick, CheckDepth::kReadData}) {
    const CheckReport report = check_all(depth);
    EXPECT_THAT(report.damage, Contains(HasSubstr(first_pack_.key())));
  }
}

TEST_P(CheckTest, ADamagedMessageIsNamedWithItsPlaces) {
  // Whether the block has texts or records, alice's message can't be rebuilt.
  stored().flip(first_pack_, 150);
  const CheckReport report = check_all();
  ASSERT_THAT(report.damaged_messages, SizeIs(1));
  EXPECT_EQ(ids_["alice"][0], report.damaged_messages[0].id);
  EXPECT_THAT(report.damaged_messages[0].places,
              ElementsAre(MessagePlace{
                  .account = "alice", .raw_folder = "INBOX", .uid = {1}, .delimiter = '/'}));
}

// Yesterday's state of the store, and with it that day's index or today's.
class OlderStateTest : public CheckTest {
 protected:
  OlderStateTest() {
    yesterday_ = files_.copy();
    if (late_storage_) late_storage_->keep();
    fs::copy(location_.index, directory_.path() / "yesterday", fs::copy_options::recursive);
    Writer writer = Writer::open(location_, files_, clock_);
    back_up(writer, "carol", 1);
  }

  // Reverts all of the store to yesterday; files beside the index and the key stay as today.
  void revert_store() {
    if (late_storage_) return late_storage_->revert();
    for (const auto& [path, bytes] : files_.files_below(location_.store)) {
      const auto before = yesterday_->files_below(location_.store);
      if (before.contains(path)) {
        files_.overwrite(path, before.at(path));
      } else {
        files_.lose(path);
      }
    }
  }

  void revert_index() {
    const base::Path mark = highest_commit_file(location_);
    files_.overwrite(mark, yesterday_->files_below(location_.index).at(mark));
    fs::remove_all(location_.index);
    fs::copy(directory_.path() / "yesterday", location_.index, fs::copy_options::recursive);
  }

  std::unique_ptr<tests::SimulatedFileSystem> yesterday_;
};

TEST_P(OlderStateTest, AnOlderStoreIsDetected) {
  revert_store();
  const CheckReport report = check_all();
  EXPECT_THAT(report.damage, Contains(HasSubstr("it is missing")));
}

TEST_P(OlderStateTest, AnOlderStoreWithALostIndexIsDetected) {
  revert_store();
  fs::remove_all(location_.index);
  EXPECT_ERROR(kDamaged, "commit 3 was made in it, but the newest that can be found is 2",
               Writer::open(location_, files_, clock_));
}

TEST_P(OlderStateTest, AnOlderStoreWithItsIndexIsDetected) {
  revert_store();
  revert_index();
  const CheckReport report = check_all();
  EXPECT_THAT(report.damage,
              ElementsAre(HasSubstr("commit 3 was made in the store, but the newest")));
  EXPECT_ERROR(kDamaged, "commit 3 was made in it", Writer::open(location_, files_, clock_));
}

// Then backed up again by a program that does not have the mark.
TEST_P(OlderStateTest, ADifferentHistoryIsDetected) {
  const std::map<base::Path, base::Bytes> today = files_.files_below("/simulated");
  revert_store();
  revert_index();
  for (const auto& [path, bytes] : today) {
    if (path.string().ends_with(".commit")) files_.lose(path);
  }
  {
    Writer writer = Writer::open(location_, files_, clock_);
    back_up(writer, "mallory", 1);
    back_up(writer, "mallory", 1);
  }
  for (const auto& [path, bytes] : files_.files_below("/simulated")) {
    if (path.string().ends_with(".commit")) files_.overwrite(path, today.at(path));
  }
  files_.lose(highest_commit_file(location_));
  fs::remove_all(location_.index);
  EXPECT_ERROR(kDamaged, "commit 3 was made in it, but there is a different one with this number",
               Writer::open(location_, files_, clock_));
}

TEST_P(CheckTest, PacksReadByAnEarlierCheckCanBeSkipped) {
  stored().flip(first_pack_, 150);
  CheckOptions options;
  options.depth = CheckDepth::kReadData;
  options.skip = {Sha256{ObjectId::from_hex(first_pack_.key())->bytes}};
  EXPECT_TRUE(check(location_, files_, options).is_intact());
}

INSTANTIATE_TEST_SUITE_P(Directory, CheckTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, CheckTest, tests::a_late_storage());
INSTANTIATE_TEST_SUITE_P(Directory, OlderStateTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, OlderStateTest, tests::a_late_storage());

}  // namespace
}  // namespace store
