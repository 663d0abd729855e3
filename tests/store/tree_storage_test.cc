// Tree records in a storage that loses answers and lists an earlier state without many of the
// names: what was put counts, and no expiry is earlier than the one that was put last.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/storage/storage_error.h"
#include "store/tree_record.h"
#include "store/tree_version.h"
#include "tests/expect_error.h"
#include "tests/store/storage/model_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using tests::StorageFault;

// Refuses every removal, as a retention period does.
class KeepingStorage : public tests::ModelStorage {
 public:
  [[nodiscard]] std::vector<NotRemoved> remove(std::span<const BlobName> names) override {
    std::vector<NotRemoved> left;
    for (const BlobName& name : names) left.push_back({name, name.text() + ": it is locked"});
    return left;
  }
};

class TreeStorageTest : public StoreFixture {
 protected:
  TreeStorageTest() {
    use(std::make_shared<tests::ModelStorage>());
    record_.id = TreeRecords::new_id();
    record_.account = "alice";
    record_.expires = std::chrono::sys_seconds(std::chrono::days(20'000));
  }

  void use(std::shared_ptr<tests::ModelStorage> storage) {
    storage_ = std::move(storage);
    location_ = {.store = directory_ / "store" / std::to_string(++stores_),
                 .index = directory_ / "index" / std::to_string(stores_),
                 .key_file = directory_ / "store.key",
                 .storage = storage_};
    make_store();
  }

  TreeRecords open() { return TreeRecords::open(location_, files_); }

  std::vector<std::string> keys() {
    std::vector<std::string> keys;
    for (const auto& [name, bytes] : storage_->contents()) {
      if (name.area() == kTreesArea) keys.push_back(name.key());
    }
    return keys;
  }

  std::string key(std::uint64_t number) const { return TreeVersion{record_.id, number}.key(); }

  // Changes the record a few times, each time by another process. Afterwards it expires as it was
  // put last, whatever listings show.
  void extend_in_a_late_storage(const StorageTraits& traits, unsigned late_reads) {
    for (std::uint32_t seed = 1; seed <= 30; ++seed) {
      SCOPED_TRACE(seed);
      record_.id = TreeRecords::new_id();
      use(std::make_shared<tests::ModelStorage>(traits));
      open().put(record_);
      storage_->set_faults(
          {.seed = seed, .late_listings = 12, .missing_names = 50, .late_reads = late_reads});
      for (int change = 0; change < 6; ++change) {
        TreeRecord changed = open().find(record_.id).value();
        EXPECT_EQ(changed, record_);
        changed.expires += std::chrono::days(1);
        open().put(changed);
        record_ = changed;
        for (const TreeRecord& listed : open().list().records) EXPECT_EQ(listed, record_);
      }
      EXPECT_THAT(open().list().damaged, IsEmpty());
      storage_->stop_failing();
      EXPECT_THAT(open().list().records, ElementsAre(record_));
    }
  }

  std::shared_ptr<tests::ModelStorage> storage_;
  int stores_ = 0;
  TreeRecord record_;
};

TEST_F(TreeStorageTest, TheNewestVersionCountsAndTheOthersAreRemoved) {
  for (int change = 0; change < 3; ++change) {
    record_.expires += std::chrono::days(1);
    open().put(record_);
    EXPECT_EQ(open().find(record_.id), record_);
  }
  EXPECT_THAT(keys(), ElementsAre(key(3)));
  EXPECT_TRUE(open().remove(record_.id));
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(TreeStorageTest, ALateListingNeverShortensAnExpiry) {
  extend_in_a_late_storage({.creates_once = true}, 0);
}

TEST_F(TreeStorageTest, NorDoesOneWhereNothingIsCreatedOnceAndRemovedVersionsAreStillRead) {
  extend_in_a_late_storage({}, 5);
}

TEST_F(TreeStorageTest, AfterALostAnswerTheRecordIsPutAgain) {
  open().put(record_);
  const TreeRecord first = record_;
  record_.expires += std::chrono::days(1);
  for (const StorageFault fault : {StorageFault::kDone, StorageFault::kNotDone}) {
    for (std::uint64_t operation = 1; operation <= 4; ++operation) {
      SCOPED_TRACE(operation);
      const std::string id = record_.id = TreeRecords::new_id();
      TreeRecord earlier = first;
      earlier.id = id;
      TreeRecords records = open();
      records.put(earlier);
      storage_->fail_once_at(storage_->operations() + operation, fault);
      try {
        records.put(record_);
      } catch (const StorageError&) {
        storage_->stop_failing();
        const TreeRecord between = open().find(id).value();
        EXPECT_TRUE(between == earlier || between == record_);
        records.put(record_);
      }
      storage_->stop_failing();
      EXPECT_EQ(open().find(id), record_);
      open().put(record_);
      std::vector<std::string> left = keys();
      std::erase_if(left, [&](const std::string& each) { return !each.starts_with(id); });
      EXPECT_EQ(1U, left.size());
    }
  }
}

TEST_F(TreeStorageTest, ARefusedRemovalDoesNotMatterUntilTheTreeIsGone) {
  use(std::make_shared<KeepingStorage>());
  for (int change = 0; change < 3; ++change) {
    record_.expires += std::chrono::days(1);
    open().put(record_);
  }
  EXPECT_THAT(keys(), ElementsAre(key(1), key(2), key(3)));
  EXPECT_EQ(open().find(record_.id), record_);
  EXPECT_ERROR(kIo, "it is locked", open().remove(record_.id));
  EXPECT_THAT(open().list().records, ElementsAre(record_));
}

// The process of a run, which puts the record of a new tree in a storage that promises nothing.
class LoneProcessTest : public TreeStorageTest {
 protected:
  LoneProcessTest() {
    use(std::make_shared<tests::ModelStorage>(StorageTraits{}));
    records_.emplace(TreeRecords::open(location_, files_, clock_));
    records_->begin(record_.id);
    opened_ = storage_->operations();
  }

  std::uint64_t operations() const { return storage_->operations() - opened_; }

  std::optional<TreeRecords> records_;
  std::uint64_t opened_ = 0;
};

TEST_F(LoneProcessTest, ItRequestsNothingElseUntilItEnds) {
  for (int change = 0; change < 5; ++change) {
    record_.expires += std::chrono::days(1);
    records_->put(record_);
  }
  EXPECT_EQ(5U, operations());
  EXPECT_THAT(keys(), ElementsAre(key(1), key(2), key(3), key(4), key(5)));
  EXPECT_EQ(open().find(record_.id), record_);
  record_.state = TreeState::kComplete;
  records_->put(record_);
  EXPECT_THAT(keys(), ElementsAre(key(6)));
  EXPECT_EQ(open().find(record_.id), record_);
}

TEST_F(LoneProcessTest, EarlierVersionsDoNotPileUp) {
  for (int change = 0; change < 20; ++change) records_->put(record_);
  EXPECT_THAT(keys(), testing::SizeIs(6)) << "the eighth and the fifteenth left themselves alone";
  EXPECT_EQ(open().find(record_.id), record_);
}

TEST_F(LoneProcessTest, TheVersionsOfOneThatDiedAreRemovedByTheNext) {
  for (int change = 0; change < 3; ++change) records_->put(record_);
  records_.reset();
  open().put(record_);
  EXPECT_THAT(keys(), ElementsAre(key(4)));
  records_.emplace(TreeRecords::open(location_, files_, clock_));
  for (int change = 0; change < 3; ++change) records_->put(record_);
  EXPECT_THAT(keys(), testing::SizeIs(3));
  EXPECT_TRUE(open().remove(record_.id));
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(LoneProcessTest, ANoteShowsThatAnotherPutARecord) {
  records_->put(record_);
  for (int change = 0; change < 2; ++change) open().put(record_);
  record_.expires += std::chrono::days(1);
  records_->put(record_);
  EXPECT_THAT(keys(), ElementsAre(key(4)));
  EXPECT_EQ(open().find(record_.id), record_);
}

TEST_F(LoneProcessTest, AnotherHostsRecordIsLookedForAfterAnHour) {
  records_->put(record_);
  Location other = location_;
  other.index = directory_ / "index of another host";
  std::filesystem::create_directories(other.index);
  TreeRecords::open(other, files_).put(record_);
  clock_.moment += std::chrono::hours(1);
  record_.expires += std::chrono::days(1);
  records_->put(record_);
  EXPECT_THAT(keys(), ElementsAre(key(3)));
  EXPECT_EQ(open().find(record_.id), record_);
}

TEST_F(LoneProcessTest, AfterALostAnswerItLooksAgain) {
  records_->put(record_);
  storage_->fail_once_at(storage_->operations() + 1, StorageFault::kDone);
  EXPECT_THROW(records_->put(record_), StorageError);
  storage_->stop_failing();
  EXPECT_THAT(keys(), ElementsAre(key(1), key(2)));
  record_.expires += std::chrono::days(1);
  records_->put(record_);
  EXPECT_THAT(keys(), ElementsAre(key(3)));
  EXPECT_EQ(open().find(record_.id), record_);
}

TEST_F(LoneProcessTest, ARecordOfProgressIsPutEveryTenSeconds) {
  records_->put(record_);
  const TreeRecord first = record_;
  record_.expires += std::chrono::days(1);
  records_->put_if_due(record_);
  EXPECT_EQ(open().find(record_.id), first);
  clock_.moment += std::chrono::seconds(10);
  records_->put_if_due(record_);
  EXPECT_EQ(open().find(record_.id), record_);
  clock_.moment -= std::chrono::hours(2);
  record_.expires += std::chrono::days(1);
  records_->put_if_due(record_);
  EXPECT_EQ(open().find(record_.id), record_) << "a clock that was set back delays nothing";
}

TEST_F(TreeStorageTest, WhereListingsAreNeverLateEachRecordOfProgressIsPut) {
  TreeRecords records = open();
  records.put(record_);
  record_.expires += std::chrono::days(1);
  records.put_if_due(record_);
  EXPECT_EQ(open().find(record_.id), record_);
}

TEST_F(TreeStorageTest, AStorageThatDoesNotAnswerIsNoDamage) {
  open().put(record_);
  const TreeRecords records = open();
  storage_->fail_every(1, StorageFault::kRefused);
  EXPECT_ERROR(kStorage, "refuses", records.list());
  storage_->fail_once_at(storage_->operations() + 2, StorageFault::kNotDone);
  EXPECT_ERROR(kStorage, "no answer", records.list());
  EXPECT_THAT(records.list().records, ElementsAre(record_));
}

}  // namespace
}  // namespace store
