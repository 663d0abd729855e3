// A copy that followed an attack, as of the commits before it: in a directory and in a bucket.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/copies/copy_place.h"
#include "store/copies/copy_prune.h"
#include "store/index/index.h"
#include "store/maintenance/copy_check.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/past_index.h"
#include "store/maintenance/reindex.h"
#include "store/search.h"
#include "tests/expect_error.h"
#include "tests/store/copies/copying_fixture.h"
#include "tests/store/storage/model_storage.h"

namespace store {
namespace {

namespace fs = std::filesystem;

using std::chrono::hours;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class PastCopyTest : public CopyingFixture {
 protected:
  // Commits 1 to 3 have alice's nights, commit 4 has bob: one each day at 8:00, from 2027-01-15 on.
  PastCopyTest() {
    for (unsigned night = 1; night <= 3; ++night) {
      back_up("alice", 0, night);
      if (night == 1) first_pack_ = packs().front().filename();
      pass(hours(24));
    }
    back_up("bob", 13, 4);  // no part of it is in alice's mail
    copy();
    before_ = content();
  }

  // With the store's key, all snapshots are dropped, and their packs deleted. The copy has followed
  // it, because an administrator accepted it; but nothing was deleted there.
  void attack() {
    pass(hours(1));
    drop_everything();
    pass(hours(1));
    prune();
    pass(hours(25));
    prune();
    const CopyingReport held = copy();
    ASSERT_TRUE(held.held.has_value());
    const CopyingReport followed = copy({.accept = held.held->commit.id.hex()});
    ASSERT_EQ(0U, followed.commits_behind);
    ASSERT_THAT(content(), IsEmpty());
    ASSERT_THAT(copied_content(), IsEmpty());
  }

  void drop_everything() {
    std::set<ObjectId> all;
    {
      Reader reader = open_reader();
      for (const std::string& account : reader.accounts()) {
        for (const SnapshotInfo& snapshot : reader.snapshots(account)) all.insert(snapshot.id);
      }
    }
    ASSERT_EQ(4U, drop_snapshots(location_, files_, clock_, all));
  }

  WantedCommit wanted(const std::string& text) const {
    return parse_wanted_commit(text, "UTC", clock_.now_seconds());
  }

  OpenedPast open_copy_as_of(const std::string& text) {
    return open_past(location_of_copy(), files_, wanted(text));
  }

  Content content_as_of(const OpenedPast& past) {
    Reader reader = Reader::open(past.location, files_);
    return content_of(reader);
  }

  Content content_as_of(const std::string& text) { return content_as_of(open_copy_as_of(text)); }

  // All files of the copy that belong to it.
  std::map<std::string, std::vector<std::string>> copied() const {
    std::map<std::string, std::vector<std::string>> keys;
    for (const std::string_view area :
         {kPacksArea, kCommitsArea, kOwnerArea, kKeysArea, kTreesArea}) {
      keys[std::string(area)] = copied_keys(area);
    }
    return keys;
  }

  void remove_first_pack() { ASSERT_TRUE(fs::remove(copy_ / kPacksArea / first_pack_)); }

  base::Path first_pack_;
  Content before_;
};

TEST_F(PastCopyTest, HasEverythingThatAnAttackDropped) {
  attack();
  const auto files = copied();
  const OpenedPast past = open_copy_as_of("4");
  EXPECT_THAT(past.damage, IsEmpty());
  EXPECT_EQ(4U, past.commit.number);
  ASSERT_TRUE(past.commit.next.has_value());
  EXPECT_LT(4U, past.commit.next->number);
  EXPECT_EQ(4U, past.commit.next->dropped);
  EXPECT_FALSE(past.commit.is_time_doubted);
  EXPECT_EQ(before_, content_as_of(past));
  EXPECT_EQ(before_, content_as_of(past.commit.id.hex().substr(0, 16)));
  const Content two{{"alice", {samples(0, 1), samples(0, 2)}}};
  EXPECT_EQ(two, content_as_of("2"));
  EXPECT_EQ(files, copied()) << "nothing is written to the copy";
  EXPECT_THAT(copied_content(), IsEmpty()) << "by itself it opens as the newest commit";
}

TEST_F(PastCopyTest, ATimeMeansTheLastCommitBefore) {
  attack();
  EXPECT_EQ(2U, open_copy_as_of("2027-01-16").commit.number) << "the whole day";
  EXPECT_EQ(1U, open_copy_as_of("2027-01-16 07:59").commit.number);
  EXPECT_EQ(2U, open_copy_as_of("2027-01-16 08:00").commit.number);
  EXPECT_EQ(before_, content_as_of("2027-01-18 08:00"));
  EXPECT_ERROR(kNotFound,
               "it has no commit from then or before: the oldest that it still has is "
               "commit 1 of 2027-01-15T08:00:00Z",
               open_copy_as_of("2027-01-14"));
  EXPECT_ERROR(kNotFound, "it does not have this commit", open_copy_as_of("99"));
  EXPECT_ERROR(kNotFound, "it does not have this commit", open_copy_as_of("ffffffffffffffff"));
  EXPECT_ERROR(kUsage, "--as-of", wanted("long ago"));
}

TEST_F(PastCopyTest, OpensAsOfACheckpoint) {
  prune();
  const std::uint64_t checkpoint = 5;
  back_up("carol", 20, 2);
  EXPECT_EQ(0U, copy().commits_behind);
  const OpenedPast past = open_copy_as_of("5");
  EXPECT_EQ(checkpoint, past.commit.number);
  EXPECT_THAT(past.damage, IsEmpty());
  EXPECT_EQ(before_, content_as_of(past));
  EXPECT_THAT(check(past.location, files_, {}).damage, IsEmpty());
  EXPECT_EQ(before_, content_as_of("4"));
  EXPECT_EQ(content(), content_as_of("6"));
  EXPECT_FALSE(open_copy_as_of("6").commit.next.has_value());
}

TEST_F(PastCopyTest, IsCheckedAsOfACommit) {
  attack();
  Location copy;
  copy.store = copy_;
  const CopyReport report =
      check_copy(location_, copy, files_, {.depth = CheckDepth::kReadData}, wanted("4"));
  EXPECT_THAT(report.check.damage, IsEmpty());
  EXPECT_THAT(report.check.damaged_messages, IsEmpty());
  EXPECT_EQ(4U, report.check.snapshots);
  EXPECT_EQ(7U, report.check.messages);
  EXPECT_EQ(4U, report.check.highest.number);
  ASSERT_TRUE(report.past.has_value());
  EXPECT_EQ(4U, report.past->number);
}

TEST_F(PastCopyTest, NamesWhatIsGoneAndKeepsTheRest) {
  remove_first_pack();
  const OpenedPast past = open_copy_as_of("4");
  EXPECT_THAT(past.damage, Contains(HasSubstr(first_pack_.string())));
  EXPECT_THAT(past.damage, Contains(HasSubstr("commits 1 to 1 are missing")));
  Reader reader = Reader::open(past.location, files_);
  EXPECT_EQ(samples(13, 4), restore(reader, "bob", "INBOX"));
  EXPECT_THAT(reader.snapshots("alice"), SizeIs(2));
  const std::vector<std::string> alices = restore(reader, "alice", "INBOX");
  ASSERT_THAT(alices, SizeIs(3));
  EXPECT_THAT(alices.front(), HasSubstr("the store no longer has it"));
  EXPECT_EQ(samples(2, 1).front(), alices.back());
  EXPECT_THAT(check(past.location, files_, {}).damage, Contains(HasSubstr("are missing")));
}

TEST_F(PastCopyTest, ReadsFromLaterPacksWhatEarlierOnesHaveLost) {
  prune();
  copy();
  remove_first_pack();
  const OpenedPast past = open_copy_as_of("4");
  EXPECT_THAT(past.damage, Contains(HasSubstr(first_pack_.string())));
  const Content found{{"alice", {samples(0, 2), samples(0, 3)}}, {"bob", {samples(13, 4)}}};
  EXPECT_EQ(found, content_as_of(past));
  const CheckReport report = check(past.location, files_, {.depth = CheckDepth::kReadData});
  EXPECT_THAT(report.damaged_messages, IsEmpty());
  EXPECT_EQ(4U, report.highest.number);
  EXPECT_EQ(3U, report.snapshots) << "the commits of later packs do not count";
}

TEST_F(PastCopyTest, ACommitThatThePruneOfTheCopyDeletedIsGone) {
  attack();
  pass(hours(25));
  {
    const OpenedCopy directory = open_copy_directory(copy_, files_, ExpectedCopy::kExists);
    const CopyPruneReport report = prune_copy(location_, files_, *directory.storage,
                                              {.grace = hours(24), .now = clock_.now_seconds()});
    ASSERT_LE(4U, report.deleted);
  }
  EXPECT_ERROR(kNotFound, "it does not have this commit", open_copy_as_of("4"));
}

TEST_F(PastCopyTest, AnIndexIsMadeAgainOnceItsPacksChange) {
  const base::Path directory = open_copy_as_of("4").location.past_index;
  const base::Path moved = directory_ / first_pack_;
  fs::rename(copy_ / kPacksArea / first_pack_, moved);
  EXPECT_THAT(open_copy_as_of("4").damage, SizeIs(2));
  fs::rename(moved, copy_ / kPacksArea / first_pack_);
  const OpenedPast again = open_copy_as_of("4");
  EXPECT_THAT(again.damage, IsEmpty());
  EXPECT_EQ(directory, again.location.past_index);
  EXPECT_EQ(before_, content_as_of(again));
}

TEST_F(PastCopyTest, WhatAProcessThatWasKilledHasLeftIsRemoved) {
  const base::Path indexes = past_indexes_directory(location_of_copy());
  const std::string above_every_process = std::to_string((1U << 22U) + 1);
  const base::Path of_first_process = indexes / ".new.1";
  for (const char* const kind : {".new.", ".old."}) {
    fs::create_directories(indexes / (kind + above_every_process) / "index");
  }
  fs::create_directories(of_first_process);
  open_copy_as_of("4");
  EXPECT_TRUE(fs::exists(of_first_process)) << "it is running";
  EXPECT_THAT(files_.list(indexes), SizeIs(2));
}

TEST_F(PastCopyTest, WhatWasTheNewestCommitGetsANextOne) {
  EXPECT_FALSE(open_copy_as_of("4").commit.next.has_value());
  EXPECT_FALSE(open_copy_as_of("4").commit.next.has_value());
  pass(hours(24));
  back_up("carol", 20, 2);
  copy();
  const OpenedPast past = open_copy_as_of("4");
  ASSERT_TRUE(past.commit.next.has_value());
  EXPECT_EQ(5U, past.commit.next->number);
  EXPECT_EQ(before_, content_as_of(past));
}

// Otherwise each command would read all packs.
TEST_F(PastCopyTest, AnIndexIsNotMadeAgainBecauseOfAPackThatCantBeRead) {
  const base::Path pack = copy_ / kPacksArea / first_pack_;
  const base::Path kept = directory_ / first_pack_;
  fs::rename(pack, kept);
  std::ofstream(pack) << "other bytes";
  const OpenedPast past = open_copy_as_of("4");
  EXPECT_THAT(past.damage, Contains(HasSubstr(first_pack_.string())));
  const base::Path mark = past.location.past_index / "mark";
  std::ofstream(mark) << "gone with the index";
  EXPECT_EQ(past.damage, open_copy_as_of("4").damage);
  EXPECT_TRUE(fs::exists(mark));
  fs::rename(kept, pack);
  EXPECT_THAT(reindex_past(location_of_copy(), files_, wanted("4")).opened.damage, IsEmpty());
  EXPECT_EQ(before_, content_as_of("4"));
}

TEST_F(PastCopyTest, ItsIndexIsTakenForNoOther) {
  attack();
  const Location copied = location_of_copy();
  const OpenedPast past = open_copy_as_of("4");
  Location mistaken = copied;
  mistaken.index = past.location.past_index;
  EXPECT_ERROR(kConfig, "as of an earlier commit", Reader::open(mistaken, files_));
  mistaken.has_own_index = false;
  EXPECT_ERROR(kConfig, "as of an earlier commit", Reader::open(mistaken, files_));
  EXPECT_ERROR(kConfig, "as of an earlier commit", Writer::open(past.location, files_, clock_));
  mistaken = location_;
  mistaken.past_index = location_.index;
  EXPECT_ERROR(kConfig, "does not show the store as of", Reader::open(mistaken, files_));
}

TEST_F(PastCopyTest, TheStoreItselfOpensSoAndAReindexRemovesIt) {
  drop_everything();
  const PastReindexReport report = reindex_past(location_, files_, wanted("4"));
  EXPECT_EQ(4U, report.packs);
  EXPECT_EQ(7U, report.messages);
  EXPECT_TRUE(fs::exists(search_index_file(report.opened.location)));
  EXPECT_EQ(before_, content_as_of(report.opened));
  EXPECT_THAT(content(), IsEmpty());
  EXPECT_THAT(files_.list(past_indexes_directory(location_)), SizeIs(1));
  reindex(location_, files_);
  EXPECT_FALSE(fs::exists(past_indexes_directory(location_)));
}

TEST_F(PastCopyTest, APruneRemovesTheSearchIndexesOfEarlierCommits) {
  drop_everything();
  const OpenedPast past = reindex_past(location_, files_, wanted("4")).opened;
  const base::Path uncompleted = past_indexes_directory(location_) / ".new.1" / "search.sqlite-wal";
  fs::create_directory(uncompleted.parent_path());
  for (const base::Path& left : {uncompleted, new_search_index_file(location_)}) {
    std::ofstream(left) << "Subject: in plain text";
  }
  ASSERT_TRUE(fs::exists(search_index_file(past.location)));
  prune();
  for (const base::Path& file :
       {search_index_file(past.location), uncompleted, new_search_index_file(location_)}) {
    EXPECT_FALSE(fs::exists(file)) << file;
  }
  EXPECT_EQ(before_, content_as_of(past)) << "its packs are there until the grace period ends";
  Reader reader = Reader::open(past.location, files_);
  const SearchScope scope{.account = "alice", .shown_name = {}};
  EXPECT_ERROR(kNotFound, "mailstow-backupd reindex --as-of makes it",
               search(reader, Query::parse("word", "UTC", {}), scope));
}

// Nothing is proven of it: names are not created once.
TEST_F(PastCopyTest, ABucketOpensAsOfACommit) {
  const auto bucket = std::make_shared<tests::ModelStorage>(StorageTraits{});
  const auto send = [&](const CopyingOptions& options = {}) {
    const OpenedCopy opened = open_copy_bucket(bucket, location_.index / "copy-cloud.lock", files_,
                                               ExpectedCopy::kMayBeNew);
    return copy_store(location_, files_, *opened.storage, options);
  };
  send();
  attack();
  const CopyingReport held = send();
  ASSERT_TRUE(held.held.has_value());
  send({.accept = held.held->commit.id.hex()});
  Location location = location_of_copy();
  location.store.clear();
  location.storage = bucket;
  location.index = directory_ / "index-of-bucket";
  const auto blobs = bucket->contents();
  const OpenedPast past = open_past(location, files_, wanted("4"));
  EXPECT_THAT(past.damage, IsEmpty());
  EXPECT_EQ(before_, content_as_of(past));
  EXPECT_THAT(check(past.location, files_, {.depth = CheckDepth::kReadData}).damage, IsEmpty());
  EXPECT_EQ(blobs, bucket->contents()) << "nothing is written to the bucket";
  const std::uint64_t operations = bucket->operations();
  const OpenedPast again = open_past(location, files_, wanted("2027-01-18 08:00"));
  EXPECT_EQ(past.location.past_index, again.location.past_index);
  EXPECT_GE(6U, bucket->operations() - operations) << "the index is not made again";
}

}  // namespace
}  // namespace store
