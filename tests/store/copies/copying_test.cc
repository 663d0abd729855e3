#include "store/copies/copying.h"

#include <algorithm>
#include <filesystem>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "store/format/crypto.h"
#include "store/format/owner_record.h"
#include "store/keys/key_ring.h"
#include "store/maintenance/check.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/reindex.h"
#include "store/storage/directory_storage.h"
#include "store/tree_record.h"
#include "store/tree_version.h"
#include "tests/expect_error.h"
#include "tests/store/change_byte.h"
#include "tests/store/copies/copying_fixture.h"
#include "tests/store/storage/counting_storage.h"
#include "tests/text_of.h"

namespace store {
namespace {

namespace fs = std::filesystem;

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class CopyingTest : public CopyingFixture {
 protected:
  std::string put_tree() {
    TreeRecord record;
    record.id = TreeRecords::new_id();
    record.account = "alice";
    TreeRecords::open(location_, files_).put(record);
    return record.id;
  }
};

TEST_F(CopyingTest, TheCopyIsAStoreWithoutTheOriginal) {
  back_up("alice", 0, 3);
  back_up("bob", 5, 2);
  const std::string tree = put_tree();
  const Content expected = content();
  const CopyingReport report = copy();
  EXPECT_EQ(2U, report.packs);
  EXPECT_EQ(2U, report.commits);
  EXPECT_EQ(2U, report.newest.number);
  EXPECT_EQ(0U, report.commits_behind);
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(clock_.moment), report.newest_time);
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_FALSE(report.held.has_value());

  Location location = location_of_copy();
  fs::rename(location_.store, directory_ / "burnt");
  fs::remove_all(location_.index);
  EXPECT_EQ(expected, copied_content());
  EXPECT_TRUE(TreeRecords::open(location, files_).find(tree).has_value());
  // It can take the store's place.
  fs::remove_all(location.index);
  location.has_own_index = false;
  EXPECT_THAT(reindex(location, files_).damage, IsEmpty());
  CheckOptions options;
  options.depth = CheckDepth::kReadData;
  const CheckReport checked = check(location, files_, options);
  EXPECT_THAT(checked.damage, IsEmpty());
  EXPECT_EQ(5U, checked.messages);
  Writer writer = Writer::open(location, files_, clock_);
  EXPECT_THAT(writer.damage(), IsEmpty());
  EXPECT_FALSE(add_message(writer, sample_message(0)).is_new);
}

TEST_F(CopyingTest, AnEmptyStoreIsCopiedToo) {
  EXPECT_EQ(0U, copy().newest.number);
  EXPECT_THAT(copied_keys(kKeysArea), SizeIs(2));
  back_up("alice", 0, 1);
  EXPECT_EQ(1U, copy().commits);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyingTest, NothingIsSentTwice) {
  back_up_nights("alice", 4);
  put_tree();
  const auto source = std::make_shared<tests::CountingStorage>(
      std::make_shared<DirectoryStorage>(files_, location_.store));
  const auto target =
      std::make_shared<tests::CountingStorage>(std::make_shared<DirectoryStorage>(files_, copy_));
  location_.storage = source;
  const auto send = [&] {
    const OpenedCopy locked = open_copy_directory(copy_, files_, ExpectedCopy::kMayBeNew);
    source->forget();
    target->forget();
    return copy_store(location_, files_, *target);
  };
  EXPECT_EQ(4U, send().packs);
  const CopyingReport second = send();
  EXPECT_EQ(0U, second.packs);
  EXPECT_EQ(0U, target->counts().writes);
  EXPECT_EQ(4U, second.newest.number);
  location_.storage = nullptr;
  back_up("bob", 7, 2);
  location_.storage = source;
  const CopyingReport third = send();
  EXPECT_EQ(1U, third.packs);
  EXPECT_EQ(1U, third.commits);
  EXPECT_EQ(2U, target->counts().writes) << "the pack, and the record of its commit";
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyingTest, APackThatTheCopyLostIsSentAgain) {
  back_up_nights("alice", 3);
  copy();
  const std::vector<std::string> packs = copied_keys(kPacksArea);
  for (const std::string& pack : packs) {
    fs::remove(copy_ / kPacksArea / pack);
    EXPECT_EQ(1U, copy().packs);
    EXPECT_EQ(content(), copied_content());
  }
}

TEST_F(CopyingTest, ACommitWhosePackIsDamagedInTheCopyDoesNotCountAsCopied) {
  back_up("alice", 0, 3);
  copy();
  const std::vector<std::string> before = copied_keys(kPacksArea);
  back_up("alice", 0, 4);
  copy();
  const std::vector<std::string> after = copied_keys(kPacksArea);
  const auto newest = std::ranges::find_if(after, [&](const std::string& pack) {
    return std::ranges::find(before, pack) == before.end();
  });
  ASSERT_NE(after.end(), newest);
  fs::resize_file(copy_ / kPacksArea / *newest, 100);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const CopyingReport report = copy();
    ASSERT_THAT(report.damage, SizeIs(1));
    EXPECT_THAT(report.damage[0],
                HasSubstr(*newest + ": it can't be read: remove it there, and copy again"));
    EXPECT_EQ(1U, report.newest.number);
    EXPECT_EQ(1U, report.commits_behind);
  }
  fs::remove(copy_ / kPacksArea / *newest);
  const CopyingReport report = copy();
  EXPECT_EQ(1U, report.packs);
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_EQ(0U, report.commits_behind);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyingTest, ADamagedPackKeepsTheCopyBeforeItsCommit) {
  back_up("alice", 0, 3);
  copy();
  const Content expected = content();
  const std::vector<base::Path> before = packs();
  back_up("bob", 5, 2);
  const std::vector<base::Path> after = packs();
  const base::Path damaged = *std::ranges::find_if(after, [&](const base::Path& pack) {
    return std::ranges::find(before, pack) == before.end();
  });
  back_up("carol", 8, 1);
  constexpr std::uint64_t kInFirstBlock = 150;
  tests::change_byte(damaged, kInFirstBlock);
  const CopyingReport report = copy();
  ASSERT_THAT(report.damage, SizeIs(1));
  EXPECT_THAT(report.damage[0], HasSubstr("commit 2 can't be copied"));
  EXPECT_THAT(report.damage[0], HasSubstr("digest does not match its name"));
  EXPECT_EQ(1U, report.newest.number);
  EXPECT_EQ(2U, report.commits_behind);
  EXPECT_THAT(copied_keys(kPacksArea), SizeIs(1));
  EXPECT_EQ(expected, copied_content());

  tests::change_byte(damaged, kInFirstBlock);
  EXPECT_EQ(2U, copy().commits);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyingTest, AMissingPackKeepsTheCopyBeforeItsCommit) {
  back_up("alice", 0, 3);
  copy();
  const std::vector<base::Path> before = packs();
  back_up("bob", 5, 2);
  for (const base::Path& pack : packs()) {
    if (std::ranges::find(before, pack) == before.end()) fs::remove(pack);
  }
  const CopyingReport report = copy();
  ASSERT_THAT(report.damage, SizeIs(1));
  EXPECT_THAT(report.damage[0], HasSubstr("is missing"));
  EXPECT_EQ(1U, report.newest.number);
}

TEST_F(CopyingTest, WhatANewerVersionWroteIsCopiedAsItIs) {
  constexpr std::uint64_t kVersion = 8;
  constexpr std::size_t kChecksumSize = 32;
  back_up("alice", 0, 1);
  const base::Path tree = base::Path(kTreesArea) / TreeVersion{put_tree(), 1}.key();
  const base::Path owner = base::Path(kOwnerArea) / numbered_key(1);
  // It is bound to a head with its version.
  for (const base::Path& record : {tree, owner}) {
    const base::Path path = location_.store / record;
    tests::change_byte(path, kVersion + 1);
    tests::change_byte(path, fs::file_size(path) - 1);
  }
  const base::Path keys = keys_directory(location_);
  const std::string text = tests::text_of(keys / files_.list(keys).front());
  const base::ByteView known = base::as_bytes(text);
  base::Bytes newer(known.begin(), known.end());
  newer.at(kVersion) = std::byte{2};
  const std::span<std::byte> all(newer);
  const auto sum = checksum(all.first(all.size() - kChecksumSize));
  std::ranges::copy(base::ByteView(sum).first(kChecksumSize), all.last(kChecksumSize).begin());
  const base::Path slot = base::Path(kKeysArea) / "00000000000000ff.1";
  base::write_file(files_, location_.store / slot, newer, base::OnExisting::kReplace);

  EXPECT_THAT(copy().damage, IsEmpty());
  for (const base::Path& path : {tree, owner, slot}) {
    ASSERT_TRUE(fs::exists(copy_ / path)) << path;
    EXPECT_EQ(tests::text_of(location_.store / path), tests::text_of(copy_ / path)) << path;
  }
  const CopyingReport again = copy();
  EXPECT_THAT(again.damage, IsEmpty());
  EXPECT_EQ(0U, again.records);
}

TEST_F(CopyingTest, CommitsWhosePacksAPruneDeletedAreSkipped) {
  back_up_nights("alice", 2);
  copy();
  back_up("alice", 1, 6);
  back_up("bob", 9, 2);
  prune();
  pass(std::chrono::hours(25));
  back_up("bob", 9, 3);
  EXPECT_LT(0U, prune().deleted);
  const CopyingReport report = copy();
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_EQ(0U, report.commits_behind);
  EXPECT_EQ(content(), copied_content());
  // The same for a copy that begins now.
  fs::remove_all(copy_);
  EXPECT_THAT(copy().damage, IsEmpty());
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyingTest, APruneMeanwhileDeletesNothingThatIsBeingSent) {
  back_up_nights("alice", 4);
  PruneReport first;
  PruneReport second;
  CopyingOptions options;
  options.progress = [&](const CopyingProgress&) {
    if (first.steps > 0) return;
    first = prune({}, std::chrono::seconds(0));
    second = prune({}, std::chrono::seconds(0));
  };
  const CopyingReport report = copy(options);
  EXPECT_EQ(4U, first.condemned);
  EXPECT_EQ(0U, second.deleted);
  EXPECT_TRUE(second.has_older_reader);
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_EQ(4U, report.newest.number);
  EXPECT_EQ(content(), copied_content());
  EXPECT_LE(4U, prune({}, std::chrono::seconds(0)).deleted);
  EXPECT_EQ(0U, copy().commits_behind);
  EXPECT_EQ(content(), copied_content());
}

// Its locks are beside the index, where the prune does not see them.
TEST_F(CopyingTest, APruneOnAnotherMachineMeanwhileIsNoDamage) {
  back_up_nights("alice", 4);
  Location reading = location_;
  reading.index = directory_ / "own-index";
  reading.has_own_index = true;
  reading.storage = std::make_shared<DirectoryStorage>(files_, location_.store);
  PruneReport second;
  CopyingOptions options;
  options.progress = [&](const CopyingProgress&) {
    if (second.deleted > 0) return;
    prune({}, std::chrono::seconds(0));
    second = prune({}, std::chrono::seconds(0));
  };
  const OpenedCopy directory = open_copy_directory(copy_, files_, ExpectedCopy::kMayBeNew);
  const CopyingReport report = copy_store(reading, files_, *directory.storage, options);
  EXPECT_LE(4U, second.deleted) << "the test shows nothing otherwise";
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_EQ(0U, report.commits_behind);
  EXPECT_LE(2U, report.packs);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyingTest, CommitsWithoutRecordsGetThemInTheCopy) {
  back_up_nights("alice", 3);
  fs::remove_all(commits_directory(location_));
  EXPECT_EQ(3U, copy().commits);
  EXPECT_THAT(copied_keys(kCommitsArea), SizeIs(3));
  EXPECT_EQ(content(), copied_content());
  const CopyingReport again = copy();
  EXPECT_THAT(again.damage, IsEmpty());
  EXPECT_EQ(0U, again.commits);
  EXPECT_EQ(3U, again.newest.number);
}

TEST_F(CopyingTest, WhatIsNoCopyOfThisStoreIsRefused) {
  back_up("alice", 0, 1);
  init({.store = copy_, .index = directory_ / "i", .key_file = directory_ / "k"}, files_, clock_);
  EXPECT_ERROR(kConfig, "another store is there", copy());
  // One that was not finished.
  fs::remove_all(copy_ / kKeysArea);
  fs::copy(location_.store / kOwnerArea, copy_ / kOwnerArea);
  EXPECT_ERROR(kConfig, "something else is there", copy());
  fs::remove_all(copy_);
  fs::create_directories(copy_ / "letters");
  EXPECT_ERROR(kConfig, "it contains something else (letters)", copy());
  EXPECT_THAT(files_.list(copy_), ElementsAre("letters"));
}

TEST_F(CopyingTest, AnInterruptedFirstCopyIsRecognisedAndNoStoreYet) {
  back_up_nights("alice", 2);
  copy();
  fs::remove_all(copy_ / kKeysArea);
  fs::remove_all(copy_ / kCommitsArea);
  EXPECT_ERROR(kNotFound, "", Reader::open(location_of_copy(), files_));
  EXPECT_NO_THROW(open_copy_directory(copy_, files_, ExpectedCopy::kExists));
  const CopyingReport report = copy();
  EXPECT_EQ(0U, report.packs);
  EXPECT_EQ(2U, report.commits);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyingTest, AnEmptyMountPointIsNotANewCopy) {
  const auto open = [&](ExpectedCopy expected) {
    return open_copy_directory(copy_, files_, expected);
  };
  EXPECT_ERROR(kStorage, "the copy that was there is gone", open(ExpectedCopy::kExists));
  EXPECT_FALSE(fs::exists(copy_));
  fs::create_directory(copy_);
  EXPECT_ERROR(kStorage, "the copy that was there is gone", open(ExpectedCopy::kExists));
  EXPECT_THAT(files_.list(copy_), IsEmpty());
  EXPECT_ERROR(kConfig, "create it, or mount its disk",
               open_copy_directory(directory_ / "no" / "copy", files_, ExpectedCopy::kMayBeNew));
  const OpenedCopy first = open(ExpectedCopy::kMayBeNew);
  EXPECT_ERROR(kBusy, "another mailstow process is writing there", open(ExpectedCopy::kMayBeNew));
}

TEST_F(CopyingTest, AStoreThatWasPutBackToAnOlderStateChangesNothing) {
  back_up("alice", 0, 1);
  const base::Path older = directory_ / "older";
  fs::create_directory(older);
  fs::copy(location_.store, older / "store", fs::copy_options::recursive);
  fs::copy(location_.index, older / "index", fs::copy_options::recursive);
  back_up("alice", 0, 2);
  copy();
  const Content expected = content();
  for (const base::Path& directory : {location_.store, location_.index}) fs::remove_all(directory);
  fs::rename(older / "store", location_.store);
  fs::rename(older / "index", location_.index);
  EXPECT_ERROR(kDamaged, "put back to an older state", copy());
  // It goes on from there: its history is a different one.
  for (const auto& entry : fs::directory_iterator(location_.key_file.parent_path())) {
    if (entry.path().extension() == ".commit") fs::remove(entry.path());
  }
  back_up("mallory", 3, 1);
  EXPECT_ERROR(kDamaged, "its commit 2 differs from the store's", copy());
  EXPECT_EQ(expected, copied_content());
}

class CopyGuardingTest : public CopyingTest {
 protected:
  static constexpr unsigned kNights = 12;

  CopyGuardingTest() {
    for (const SnapshotInfo& snapshot : back_up_nights("alice", kNights)) {
      nights_.push_back(snapshot.id);
    }
    back_up("bob", 3, 2);
    copy();
    whole_ = content();
  }

  std::vector<ObjectId> nights_;
  Content whole_;
};

TEST_F(CopyGuardingTest, APruneThatDropsLittleIsFollowed) {
  prune({nights_[0], nights_[1]});
  const CopyingReport report = copy();
  EXPECT_FALSE(report.held.has_value());
  EXPECT_EQ(0U, report.commits_behind);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyGuardingTest, APruneThatDropsManyWaitsToBeAccepted) {
  prune({nights_.begin(), nights_.end() - 1});
  back_up("bob", 3, 5);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const CopyingReport report = copy();
    ASSERT_TRUE(report.held.has_value());
    EXPECT_THAT(report.held->reasons, ElementsAre("it drops 11 of the 13 snapshots of the copy"));
    EXPECT_EQ(kNights + 2, report.held->commit.number);
    EXPECT_EQ(kNights + 1, report.newest.number);
    EXPECT_EQ(0U, report.commits);
    EXPECT_LT(0U, report.commits_behind);
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_EQ(whole_, copied_content());
  }
  const std::string id = copy().held.value().commit.id.hex();
  std::string other = id.substr(0, 16);
  other.back() = other.back() == '0' ? '1' : '0';
  EXPECT_FALSE(copy({.accept = other}).has_accepted);
  const CopyingReport report = copy({.accept = id.substr(0, 16)});
  EXPECT_TRUE(report.has_accepted);
  EXPECT_FALSE(report.held.has_value());
  EXPECT_EQ(0U, report.commits_behind);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyGuardingTest, CommitsOfOneDayThatDropManyTogetherWaitToBeAccepted) {
  drop_snapshots(location_, files_, clock_, {nights_.begin(), nights_.begin() + 6});
  pass(std::chrono::hours(1));
  drop_snapshots(location_, files_, clock_, {nights_.begin() + 6, nights_.end() - 1});
  const CopyingReport report = copy();
  EXPECT_EQ(1U, report.commits) << "the first one drops little";
  ASSERT_TRUE(report.held.has_value());
  EXPECT_THAT(
      report.held->reasons,
      ElementsAre("with the commits before it, it drops 11 of the 13 snapshots of the copy"));
  EXPECT_TRUE(report.held->is_together);
  const CopyingReport later = copy({.held_together = report.held->reasons});
  ASSERT_TRUE(later.held.has_value()) << "the copy is already after the first one";
  EXPECT_EQ(report.held->reasons, later.held->reasons);
  EXPECT_TRUE(later.held->is_together);
  const std::string id = report.held->commit.id.hex();
  const CopyingReport accepted = copy({.accept = id, .held_together = report.held->reasons});
  EXPECT_TRUE(accepted.has_accepted);
  EXPECT_FALSE(accepted.held.has_value());
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyGuardingTest, CommitsOfDifferentDaysThatDropLittleAreFollowed) {
  drop_snapshots(location_, files_, clock_, {nights_.begin(), nights_.begin() + 6});
  pass(std::chrono::hours(24));
  drop_snapshots(location_, files_, clock_, {nights_.begin() + 6, nights_.end() - 1});
  const CopyingReport report = copy();
  EXPECT_FALSE(report.held.has_value());
  EXPECT_EQ(0U, report.commits_behind);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyGuardingTest, ALostNewestBackupWaitsToBeAccepted) {
  const ObjectId newest = open_reader().snapshots("bob").back().id;
  EXPECT_EQ(1U, drop_snapshots(location_, files_, clock_, {newest}));
  const CopyingReport report = copy();
  ASSERT_TRUE(report.held.has_value());
  EXPECT_THAT(report.held->reasons, ElementsAre("it drops the newest backup of bob"));
  EXPECT_EQ(whole_, copied_content());
  // Accepting one commit accepts no later one.
  const ObjectId other = open_reader().snapshots("alice").back().id;
  drop_snapshots(location_, files_, clock_, {other});
  const CopyingReport second = copy({.accept = report.held->commit.id.hex()});
  EXPECT_TRUE(second.has_accepted);
  ASSERT_TRUE(second.held.has_value());
  EXPECT_THAT(second.held->reasons, ElementsAre("it drops the newest backup of alice"));
  EXPECT_EQ(1U, second.commits_behind);
}

TEST_F(CopyGuardingTest, ACopyThatDoesNotKnowItsSnapshotsFollowsNoDrops) {
  const std::vector<std::string> before = copied_keys(kPacksArea);
  prune({nights_[0]});
  copy();
  const std::vector<std::string> after = copied_keys(kPacksArea);
  back_up("bob", 3, 5);
  EXPECT_EQ(0U, copy().commits_behind);
  // The pack of the checkpoint is among these.
  std::vector<std::string> damaged;
  for (const std::string& pack : after) {
    if (std::ranges::find(before, pack) != before.end()) continue;
    fs::copy_file(copy_ / kPacksArea / pack, directory_ / pack);
    fs::resize_file(copy_ / kPacksArea / pack, 100);
    damaged.push_back(pack);
  }
  drop_snapshots(location_, files_, clock_, {nights_.begin() + 1, nights_.end()});
  CopyingReport report = copy();
  ASSERT_TRUE(report.held.has_value());
  EXPECT_THAT(report.held->reasons, ElementsAre(HasSubstr("what it drops is unknown")));
  for (const std::string& pack : damaged) {
    fs::copy_file(directory_ / pack, copy_ / kPacksArea / pack,
                  fs::copy_options::overwrite_existing);
  }
  report = copy();
  ASSERT_TRUE(report.held.has_value());
  EXPECT_THAT(report.held->reasons, Contains("it drops the newest backup of alice"));
  EXPECT_TRUE(copy({.accept = report.held->commit.id.hex()}).has_accepted);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyGuardingTest, AKeyThatIsGoneWaitsToBeAccepted) {
  const std::string key = add_key_file(location_, files_, clock_, directory_ / "second.key");
  copy();
  remove_key(location_, files_, key);
  drop_snapshots(location_, files_, clock_, {nights_[0]});
  const CopyingReport report = copy();
  ASSERT_TRUE(report.held.has_value());
  EXPECT_THAT(report.held->reasons, ElementsAre("the store no longer has the key " + key));
  const CopyingReport accepted = copy({.accept = report.held->commit.id.hex()});
  EXPECT_TRUE(accepted.has_accepted);
  EXPECT_THAT(accepted.vanished_slots, ElementsAre(key));
  EXPECT_THAT(copied_keys(kKeysArea), Contains(key + ".1")) << "a copy removes nothing";
  drop_snapshots(location_, files_, clock_, {nights_[1]});
  EXPECT_TRUE(copy().held.has_value()) << "that it was accepted is remembered elsewhere";
  EXPECT_FALSE(copy({.accepted_slots = {key}}).held.has_value());
  EXPECT_EQ(content(), copied_content());
}

}  // namespace
}  // namespace store
