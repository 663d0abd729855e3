// Publishing commit records: of several writers one wins, and no fault makes a writer doubt its
// own.
#include "store/index/commit_log.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/layout.h"
#include "tests/expect_error.h"
#include "tests/store/storage/model_storage.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using tests::StorageFault;

class CommitLogTest : public testing::Test {
 protected:
  explicit CommitLogTest(const StorageTraits& traits = {.creates_once = true,
                                                        .lists_at_once = true,
                                                        .replaces_at_once = true})
      : storage_(traits) {
    context_.keys = Keys::derive(random_key());
    fill_random(host_);
    fill_random(other_host_);
  }

  CommitRecord record_of(std::uint64_t number, std::uint64_t last, const HostId& host) {
    CommitRecord record{.number = number,
                        .last = last,
                        .commit = {},
                        .previous = {},
                        .pack = {},
                        .epoch = 1,
                        .host = host,
                        .random = {}};
    fill_random(record.commit.bytes);
    fill_random(record.pack.bytes);
    fill_random(record.random);
    return record;
  }
  CommitRecord record_of(std::uint64_t number) { return record_of(number, number, host_); }

  tests::ModelStorage storage_;
  BlockContext context_;
  CommitLog log_{storage_, context_};
  HostId host_{};
  HostId other_host_{};
};

TEST_F(CommitLogTest, ARecordIsFoundByItsNumber) {
  EXPECT_TRUE(log_.is_empty());
  const CommitRecord record = record_of(7);
  EXPECT_FALSE(log_.publish(record));
  EXPECT_FALSE(log_.is_empty());
  EXPECT_THAT(log_.of(7), ElementsAre(record));
  EXPECT_THAT(log_.of(8), IsEmpty());
}

TEST_F(CommitLogTest, TheSecondWriterOfANumberGetsTheRecordOfTheFirst) {
  const CommitRecord first = record_of(7, 7, host_);
  const CommitRecord second = record_of(7, 8, other_host_);
  EXPECT_FALSE(log_.publish(first));
  EXPECT_EQ(first, log_.publish(second));
  EXPECT_THAT(log_.of(7), ElementsAre(first));
}

TEST_F(CommitLogTest, ALostAnswerIsNoOtherWriter) {
  const CommitRecord record = record_of(7);
  storage_.fail_once_at(storage_.operations() + 1, StorageFault::kDone);
  EXPECT_THROW(log_.publish(record), StorageError);
  EXPECT_FALSE(log_.publish(record));
  // A later run records the same commit, with a random number of its own.
  CommitRecord again = record;
  fill_random(again.random);
  again.epoch = 2;
  EXPECT_FALSE(log_.publish(again));
  EXPECT_THAT(log_.of(7), ElementsAre(record));
}

TEST_F(CommitLogTest, RecordsBehindANumberAreReadByNameIfTheListingLacksThem) {
  const CommitRecord series = record_of(8, 10, host_);
  const CommitRecord next = record_of(11);
  log_.publish(record_of(7));
  log_.publish(series);
  log_.publish(next);
  EXPECT_THAT(log_.after(7), ElementsAre(series, next));
  EXPECT_THAT(log_.after(11), IsEmpty());
  storage_.set_faults({.missing_names = 100});
  EXPECT_THAT(log_.after(7), ElementsAre(series, next));
  EXPECT_THAT(log_.after(10), ElementsAre(next));
}

TEST_F(CommitLogTest, RecordsBehindAGapAreInTheListing) {
  const CommitRecord later = record_of(20);
  log_.publish(later);
  EXPECT_THAT(log_.after(7), ElementsAre(later));
}

class HidingStorage : public tests::ModelStorage {
 public:
  std::set<std::string> hidden;

  std::vector<std::string> list(std::string_view area, std::string_view prefix,
                                std::string_view after) override {
    std::vector<std::string> keys = ModelStorage::list(area, prefix, after);
    std::erase_if(keys, [&](const std::string& key) { return hidden.contains(key); });
    return keys;
  }
};

TEST_F(CommitLogTest, RecordsOnBothSidesOfAGapAreReadByNameIfTheListingLeadsOverIt) {
  HidingStorage storage;
  CommitLog log(storage, context_);
  const std::vector<CommitRecord> records{record_of(8), record_of(10), record_of(11)};
  for (const CommitRecord& record : records) EXPECT_FALSE(log.publish(record));
  storage.hidden = {commit_record_name(8).key(), commit_record_name(11).key()};
  EXPECT_EQ(records, log.after(7));
}

TEST_F(CommitLogTest, IsNotEmptyBecauseOfAListing) {
  tests::ModelStorage storage(StorageTraits{.creates_once = true});
  storage.set_faults({.missing_names = 100});
  CommitLog log(storage, context_);
  EXPECT_TRUE(log.is_empty());
  EXPECT_FALSE(log.publish(record_of(1)));
  EXPECT_FALSE(log.is_empty());
}

TEST_F(CommitLogTest, ARecordThatCantBeReadIsDamageAndKeepsItsName) {
  storage_.create(commit_record_name(8), base::as_bytes("rubbish"));
  EXPECT_THAT(log_.after(7), IsEmpty());
  EXPECT_THAT(log_.of(8), IsEmpty());
  EXPECT_THAT(log_.take_damage(), ElementsAre(HasSubstr(commit_record_name(8).text())));
  EXPECT_ERROR(kDamaged, commit_record_name(8).text(), log_.publish(record_of(8)));
}

TEST_F(CommitLogTest, ATroubledStorageIsNoDamage) {
  log_.publish(record_of(8));
  storage_.fail_every(1, StorageFault::kRefused);
  EXPECT_THROW(log_.of(8), StorageError);
  EXPECT_THROW(log_.after(7), StorageError);
}

class SharedNamesTest : public CommitLogTest {
 protected:
  SharedNamesTest() : CommitLogTest(StorageTraits{}) {}
};

TEST_F(SharedNamesTest, TwoWritersUseTwoNamesAndBothAreFound) {
  const CommitRecord first = record_of(7, 7, host_);
  const CommitRecord second = record_of(7, 7, other_host_);
  EXPECT_FALSE(log_.publish(first));
  EXPECT_THAT(log_.forks(1), IsEmpty());
  EXPECT_EQ(first, log_.publish(second)) << "the second one is warned";
  EXPECT_THAT(log_.of(7), testing::UnorderedElementsAre(first, second));
  EXPECT_THAT(log_.after(6), SizeIs(2));
  EXPECT_THAT(log_.forks(7), ElementsAre(SizeIs(2)));
  EXPECT_THAT(log_.forks(8), IsEmpty()) << "a later checkpoint counts";
}

TEST_F(SharedNamesTest, WithTheFenceTheSecondWriterWritesNoRecord) {
  storage_.set_conditions(tests::Conditions::kKept);
  const CommitRecord first = record_of(7, 7, host_);
  const CommitRecord second = record_of(7, 8, other_host_);
  storage_.fail_once_at(storage_.operations() + 2, StorageFault::kDone);
  EXPECT_THROW(log_.publish(first, Fence::kTrusted), StorageError);
  EXPECT_THAT(log_.of(7), IsEmpty()) << "it has only passed the fence";
  EXPECT_FALSE(log_.publish(first, Fence::kTrusted));
  storage_.set_faults({.missing_names = 100});
  EXPECT_EQ(first, log_.publish(second, Fence::kTrusted));
  storage_.stop_failing();
  EXPECT_THAT(log_.of(7), ElementsAre(first));
  EXPECT_THAT(log_.forks(1), IsEmpty());
  EXPECT_FALSE(log_.publish(record_of(9, 9, other_host_), Fence::kTrusted));
}

TEST_F(SharedNamesTest, AFenceThatCantBeReadStopsNoWriter) {
  storage_.set_conditions(tests::Conditions::kKept);
  storage_.put(fence_name(8), base::as_bytes("rubbish"));
  const CommitRecord record = record_of(8);
  EXPECT_FALSE(log_.publish(record, Fence::kTrusted));
  EXPECT_THAT(log_.of(8), ElementsAre(record));
}

TEST_F(SharedNamesTest, AFenceThatLetsBothPassLeavesBothRecords) {
  storage_.set_conditions(tests::Conditions::kIgnored);
  const CommitRecord first = record_of(7, 7, host_);
  const CommitRecord second = record_of(7, 7, other_host_);
  EXPECT_FALSE(log_.publish(first, Fence::kTrusted));
  EXPECT_EQ(first, log_.publish(second, Fence::kTrusted)) << "the second one is warned";
  EXPECT_THAT(log_.of(7), testing::UnorderedElementsAre(first, second));
}

TEST_F(SharedNamesTest, TwoRecordsOfOneCommitAreNoFork) {
  const CommitRecord record = record_of(7, 7, host_);
  CommitRecord same = record;
  same.host = other_host_;
  EXPECT_FALSE(log_.publish(record));
  EXPECT_FALSE(log_.publish(record));
  EXPECT_FALSE(log_.publish(same));
  EXPECT_THAT(log_.forks(1), IsEmpty());
}

}  // namespace
}  // namespace store
