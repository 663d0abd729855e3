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

}  // namespace
}  // namespace store
