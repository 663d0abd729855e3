// Copies from a directory into a bucket, from one bucket into another, and back into a directory.
// Nothing is proven of the buckets: names are not created once, and listings are late.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/copies/copy_place.h"
#include "store/copies/copy_prune.h"
#include "store/maintenance/copy_check.h"
#include "store/maintenance/reindex.h"
#include "store/storage/directory_storage.h"
#include "store/tree_record.h"
#include "tests/expect_error.h"
#include "tests/store/copies/copying_fixture.h"
#include "tests/store/storage/counting_storage.h"
#include "tests/store/storage/model_storage.h"

namespace store {
namespace {

namespace fs = std::filesystem;

using std::chrono::hours;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using tests::ModelStorage;

std::shared_ptr<ModelStorage> new_bucket() {
  return std::make_shared<ModelStorage>(StorageTraits{});
}

// Its listings still show a pack that was removed.
class LateListing : public tests::CountingStorage {
 public:
  LateListing(std::shared_ptr<Storage> real, std::string removed)
      : CountingStorage(std::move(real)), removed_(std::move(removed)) {}

  std::vector<std::string> list(std::string_view area, std::string_view prefix,
                                std::string_view after) override {
    std::vector<std::string> keys = CountingStorage::list(area, prefix, after);
    if (area == kPacksArea) keys.push_back(removed_);
    return keys;
  }

 private:
  std::string removed_;
};

// Its listings show packs that are not there by their names.
class OnlyListed : public tests::CountingStorage {
 public:
  using CountingStorage::CountingStorage;

  std::optional<std::uint64_t> size(const BlobName& /*name*/) override { return std::nullopt; }
};

class GoneBucket : public tests::CountingStorage {
 public:
  using CountingStorage::CountingStorage;

  std::vector<std::string> list(std::string_view /*area*/, std::string_view /*prefix*/,
                                std::string_view /*after*/) override {
    throw StorageError(Trouble::kGone, "list: there is no such bucket");
  }
};

class BucketCopyTest : public CopyingFixture {
 protected:
  OpenedCopy open_bucket(const std::shared_ptr<Storage>& bucket,
                         ExpectedCopy expected = ExpectedCopy::kMayBeNew) {
    return open_copy_bucket(bucket, location_.index / "copy-cloud.lock", files_, expected);
  }

  CopyingReport send(const std::shared_ptr<Storage>& bucket) {
    const OpenedCopy opened = open_bucket(bucket);
    return copy_store(location_, files_, *opened.storage);
  }

  CopyingReport send() { return send(bucket_); }

  // The content as another machine restores it, with the key and the bucket alone.
  Content content_in(const std::shared_ptr<Storage>& bucket) {
    Location location = location_of_copy();
    location.store.clear();
    location.storage = bucket;
    fs::remove_all(location.index);
    Reader reader = Reader::open(location, files_);
    return content_of(reader);
  }

  // From now on, the bucket is the store.
  void replace_store_by(const std::shared_ptr<Storage>& bucket) {
    fs::rename(location_.store, directory_ / "burnt");
    fs::remove_all(location_.index);
    location_.store.clear();
    location_.storage = bucket;
    location_.index = directory_ / "index-of-bucket";
  }

  std::string new_pack(const std::vector<std::string>& before) const {
    for (const std::string& key : files_.list(location_.store / kPacksArea)) {
      if (std::ranges::find(before, key) == before.end()) return key;
    }
    return "";
  }

  const std::shared_ptr<ModelStorage> bucket_ = new_bucket();
};

TEST_F(BucketCopyTest, TakesTheStoresPlaceAndIsCopiedOn) {
  back_up("alice", 0, 3);
  back_up("bob", 5, 2);
  TreeRecord record;
  record.id = TreeRecords::new_id();
  record.account = "alice";
  TreeRecords::open(location_, files_).put(record);
  const Content expected = content();
  const CopyingReport report = send();
  EXPECT_EQ(2U, report.packs);
  EXPECT_EQ(2U, report.commits);
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_EQ(expected, content_in(bucket_));

  replace_store_by(bucket_);
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_TRUE(TreeRecords::open(location_, files_).find(record.id).has_value());
  expect_intact();
  back_up("alice", 0, 4);
  const Content later = content();
  EXPECT_NE(expected, later);

  const std::shared_ptr<ModelStorage> second = new_bucket();
  EXPECT_EQ(3U, send(second).commits);
  EXPECT_EQ(later, content_in(second));
  EXPECT_EQ(3U, copy().commits);
  EXPECT_EQ(later, copied_content());
  std::vector<std::string> records = bucket_->list(kCommitsArea);
  EXPECT_THAT(records, SizeIs(3));
  EXPECT_EQ(records, second->list(kCommitsArea));
  EXPECT_EQ(records, copied_keys(kCommitsArea));
  EXPECT_EQ(0U, copy().packs);
  EXPECT_EQ(0U, send(second).packs);
}

TEST_F(BucketCopyTest, NoPackOfANewCopyIsLookedForByItsName) {
  back_up_nights("alice", 4);
  EXPECT_EQ(4U, send().packs);
  EXPECT_EQ(0U, bucket_->operations("size"));
  const std::uint64_t sent = bucket_->operations("put");
  EXPECT_EQ(bucket_->contents().size(), sent);
  const CopyingReport second = send();
  EXPECT_EQ(0U, second.packs);
  EXPECT_EQ(4U, second.newest.number);
  EXPECT_EQ(0U, bucket_->operations("size"));
  EXPECT_EQ(sent, bucket_->operations("put"));
}

TEST_F(BucketCopyTest, WhatAListingLacksIsNotSentAgain) {
  back_up_nights("alice", 3);
  send();
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    back_up("bob", 10 * seed, 2);
    bucket_->set_faults({.seed = seed, .late_listings = 3, .missing_names = 40});
    const CopyingReport report = send();
    bucket_->stop_failing();
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_EQ(0U, report.commits_behind);
    EXPECT_EQ(1U, report.packs);
    EXPECT_EQ(bucket_->contents().size(), bucket_->operations("put"));
    EXPECT_EQ(content(), content_in(bucket_));
  }
}

TEST_F(BucketCopyTest, NoCommitReliesOnAPackThatOnlyAListingShows) {
  back_up("alice", 0, 3);
  send();
  const std::vector<std::string> before = files_.list(location_.store / kPacksArea);
  back_up("bob", 5, 2);
  const CopyingReport report = send(std::make_shared<LateListing>(bucket_, new_pack(before)));
  EXPECT_EQ(1U, report.packs);
  EXPECT_EQ(1U, report.commits);
  EXPECT_EQ(content(), content_in(bucket_));
}

TEST_F(BucketCopyTest, APackThatOnlyTheStoresListingShowsKeepsTheCopyBeforeItsCommit) {
  back_up("alice", 0, 3);
  send();
  const Content expected = content();
  const std::vector<std::string> before = files_.list(location_.store / kPacksArea);
  back_up("bob", 5, 2);
  const std::string lost = new_pack(before);
  fs::remove(location_.store / kPacksArea / lost);
  location_.storage = std::make_shared<LateListing>(
      std::make_shared<DirectoryStorage>(files_, location_.store), lost);
  const CopyingReport report = send();
  ASSERT_THAT(report.damage, SizeIs(1));
  EXPECT_THAT(report.damage[0], HasSubstr("commit 2 can't be copied"));
  EXPECT_EQ(1U, report.newest.number);
  EXPECT_EQ(expected, content_in(bucket_));
}

TEST_F(BucketCopyTest, ABucketThatIsGoneIsNoEmptyCopy) {
  back_up("alice", 0, 1);
  const auto gone = std::make_shared<GoneBucket>(bucket_);
  EXPECT_ERROR(kStorage, "there is no such bucket", send(gone));
  EXPECT_EQ(0U, gone->counts().writes);
  EXPECT_ERROR(kStorage, "the copy that was there is gone",
               open_bucket(bucket_, ExpectedCopy::kExists));
  EXPECT_THAT(bucket_->contents(), IsEmpty());
  send();
  EXPECT_NO_THROW(open_bucket(bucket_, ExpectedCopy::kExists));
  const OpenedCopy first = open_bucket(bucket_);
  EXPECT_ERROR(kBusy, "another mailstow process is writing there", open_bucket(bucket_));
}

TEST_F(BucketCopyTest, ACopyThatIsBeingWrittenIsFoundOut) {
  base::StoreConfig store;
  store.index = location_.index;
  base::CopyConfig cloud{.name = "cloud", .path = {}, .s3 = base::S3Config{}};
  EXPECT_FALSE(is_copy_locked(cloud, store, files_));
  {
    const OpenedCopy opened = open_bucket(bucket_);
    EXPECT_TRUE(is_copy_locked(cloud, store, files_));
  }
  EXPECT_FALSE(is_copy_locked(cloud, store, files_));
  const base::CopyConfig nas{.name = "nas", .path = copy_};
  EXPECT_FALSE(is_copy_locked(nas, store, files_));
  EXPECT_FALSE(fs::exists(copy_)) << "looking creates nothing";
  const OpenedCopy opened = open_copy_directory(copy_, files_, ExpectedCopy::kMayBeNew);
  EXPECT_TRUE(is_copy_locked(nas, store, files_));
}

TEST_F(BucketCopyTest, NothingIsWrittenOrDeletedWithAWrongClock) {
  back_up_nights("alice", 2);
  bucket_->set_clock_lead(std::chrono::minutes(6));
  EXPECT_ERROR(kStorage,
               "this machine's clock is 6m ahead of that of the model: nothing is written", send());
  EXPECT_THAT(bucket_->contents(), IsEmpty());
  bucket_->set_clock_lead(std::chrono::minutes(-4));
  EXPECT_EQ(2U, send().packs);
  prune();
  send();
  pass(hours(25));
  bucket_->set_clock_lead(std::chrono::hours(25));
  const auto before = bucket_->contents();
  EXPECT_ERROR(kStorage, "this machine's clock is",
               prune_copy(location_, files_, *bucket_,
                          {.grace = kMinGraceInBucket, .now = clock_.now_seconds()}));
  EXPECT_EQ(before, bucket_->contents());
}

TEST_F(BucketCopyTest, AnotherStoresBucketIsRefused) {
  back_up("alice", 0, 1);
  Location other{.store = {}, .index = directory_ / "i", .key_file = directory_ / "k"};
  other.storage = bucket_;
  init(other, files_, clock_);
  const auto before = bucket_->contents();
  EXPECT_ERROR(kConfig, "another store is there", send());
  EXPECT_EQ(before, bucket_->contents());
}

TEST_F(BucketCopyTest, IsCheckedWithoutTheStore) {
  back_up("alice", 0, 3);
  send();
  const std::vector<std::string> first = bucket_->list(kPacksArea);
  ASSERT_THAT(first, SizeIs(1));
  back_up("alice", 0, 4);
  send();
  back_up("alice", 0, 5);
  fs::rename(location_.store, directory_ / "burnt");
  Location copied;
  copied.storage = bucket_;
  const CopyReport report = check_copy(location_, copied, files_, {.depth = CheckDepth::kReadData});
  EXPECT_THAT(report.check.damage, IsEmpty());
  EXPECT_EQ(4U, report.check.messages);
  EXPECT_EQ(1U, report.commits_behind());
  EXPECT_THAT(bucket_->remove(std::vector{BlobName(kPacksArea, first[0])}), IsEmpty());
  EXPECT_FALSE(check_copy(location_, copied, files_, {}).check.damage.empty());
}

TEST_F(BucketCopyTest, WhatWasDeletedOrReplacedInItIsFoundAndRead) {
  bucket_->keep_versions();
  back_up_nights("alice", 4);
  send();
  const std::vector<std::string> packs = bucket_->list(kPacksArea);
  ASSERT_THAT(packs, SizeIs(4));
  bucket_->replace({kPacksArea, packs[0]}, base::as_bytes("other bytes"));
  EXPECT_THAT(bucket_->remove(std::vector{BlobName(kPacksArea, packs[1])}), IsEmpty());
  EXPECT_EQ(content(), content_in(bucket_));
  Location copied;
  copied.storage = bucket_;
  const CopyReport report = check_copy(location_, copied, files_, {.depth = CheckDepth::kReadData});
  EXPECT_THAT(report.check.damage, Contains(HasSubstr(packs[0] + ": it was replaced")));
  EXPECT_THAT(report.check.damage, Contains(HasSubstr(packs[1] + ": it was deleted in")));
  EXPECT_THAT(report.check.damaged_messages, IsEmpty());
  EXPECT_EQ(4U, report.check.messages);

  const CopyingReport mended = send();
  EXPECT_THAT(
      mended.damage,
      testing::ElementsAre(HasSubstr(packs[0] + ": it was replaced in the storage: its first")));
  EXPECT_EQ(packs, bucket_->list(kPacksArea));
  EXPECT_THAT(check_copy(location_, copied, files_, {}).check.damage, IsEmpty());
  EXPECT_THAT(send().damage, IsEmpty());
}

// The newest pack too, which no commit lists, and which may have been read in its older version.
TEST_F(BucketCopyTest, AnyPackThatWasDeletedInItIsSentAgain) {
  bucket_->keep_versions();
  back_up_nights("alice", 4);
  send();
  const std::vector<std::string> packs = bucket_->list(kPacksArea);
  ASSERT_THAT(packs, SizeIs(4));
  for (const bool is_read_before : {false, true}) {
    for (const std::string& pack : packs) {
      EXPECT_THAT(bucket_->remove(std::vector{BlobName(kPacksArea, pack)}), IsEmpty());
      if (is_read_before) {
        EXPECT_EQ(content(), content_in(bucket_));
      }
      EXPECT_EQ(1U, send().packs);
      EXPECT_EQ(packs, bucket_->list(kPacksArea));
    }
  }
}

TEST_F(BucketCopyTest, APruneBelievesNoListingOfWhatIsNeeded) {
  back_up_nights("alice", 4);
  send();
  prune();
  send();
  const CopyPruneOptions early{.grace = kMinGraceInBucket, .now = clock_.now_seconds()};
  const CopyPruneOptions late{.grace = kMinGraceInBucket, .now = early.now + hours(25)};
  OnlyListed only_listed(bucket_);
  const auto before = bucket_->contents();
  EXPECT_EQ(4U, prune_copy(location_, files_, only_listed, early).waiting);
  EXPECT_ERROR(kDamaged, "bring it up to date first: nothing was deleted",
               prune_copy(location_, files_, only_listed, late));
  EXPECT_EQ(before, bucket_->contents());
  EXPECT_EQ(4U, prune_copy(location_, files_, *bucket_, late).deleted);
}

TEST_F(BucketCopyTest, APruneOfTheCopyIsNotUndone) {
  back_up_nights("alice", 4);
  send();
  const std::vector<std::string> old = bucket_->list(kPacksArea);
  prune();
  send();
  pass(hours(25));
  const OpenedCopy opened = open_bucket(bucket_, ExpectedCopy::kExists);
  const CopyPruneReport report =
      prune_copy(location_, files_, *opened.storage,
                 {.grace = kMinGraceInBucket, .now = clock_.now_seconds()});
  EXPECT_EQ(4U, report.deleted);
  EXPECT_EQ(content(), content_in(bucket_));
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    bucket_->set_faults({.seed = seed, .late_listings = 4});
    const CopyingReport again = copy_store(location_, files_, *opened.storage);
    bucket_->stop_failing();
    EXPECT_EQ(0U, again.packs);
    EXPECT_THAT(again.damage, IsEmpty());
  }
  for (const std::string& pack : old) {
    EXPECT_THAT(bucket_->list(kPacksArea), testing::Not(Contains(pack)));
  }
}

}  // namespace
}  // namespace store
