// A program that dies at each request to its storage in turn, and the next one, which sees listings
// that are late and lack names: what was acknowledged is there, nothing is there that never was,
// and no damage is reported.
#include <filesystem>
#include <memory>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/layout.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/prune.h"
#include "tests/long_run.h"
#include "tests/store/model_store.h"
#include "tests/store/storage/each_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using tests::StorageFault;

class StorageCrashTest : public testing::Test {
 protected:
  void start() {
    store_.leave_work_for_prune();
    store_.copy_index();  // for those that lose it
    store_.keep();
    storage_->keep();
  }

  void begin_again() {
    store_.revert();
    storage_->revert();
  }

  void run() {
    try {
      store_.prune(1);
      store_.back_up("bob", 1, 4);
    } catch (const base::Error& error) {  // before it began, when its snapshots were chosen
      EXPECT_EQ(base::ErrorCode::kStorage, error.code()) << error.what();
    }
  }

  std::uint64_t requests() {
    begin_again();
    const std::uint64_t before = storage_->operations();
    run();
    return storage_->operations() - before;
  }

  void expect_sound(bool is_index_lost, std::uint64_t seed) {
    if (is_index_lost) store_.lose_index();
    storage_->set_faults(tests::late_listings(seed));
    // With it, it is decided whether a commit counts that has no record yet.
    store_.back_up("dave", 40, 1);
    store_.verify();
    store_.back_up("carol", 30, 2);  // messages that were dropped, perhaps between two steps
    store_.prune(1);
    store_.pass(std::chrono::hours(25));
    store_.prune(1);
    store_.verify();
    store_.check();
    storage_->stop_failing();
    store_.reindex();
    store_.verify();
    store_.check();
  }

  std::shared_ptr<tests::ModelStorage> storage_ =
      std::make_shared<tests::ModelStorage>(StorageTraits{.creates_once = true});
  ModelStore store_{storage_};
};

TEST_F(StorageCrashTest, APruneAndABackupThatEndAnywhereLoseNothing) {
  start();
  const std::uint64_t last = requests();
  ASSERT_GT(last, 40U);
  tests::Sample sample(151);
  for (std::uint64_t request = 1; request <= last; ++request) {
    for (const StorageFault fault : {StorageFault::kNotDone, StorageFault::kDone}) {
      for (const bool is_index_lost : {false, true}) {
        if (!sample.takes_next()) continue;
        SCOPED_TRACE(fmt::format("request {} of {}, fault {}, index lost: {}", request, last,
                                 static_cast<int>(fault), is_index_lost));
        begin_again();
        storage_->fail_for_good_from(storage_->operations() + request, fault);
        run();
        storage_->stop_failing();
        expect_sound(is_index_lost, request);
        if (HasFailure()) return;
      }
    }
  }
}

TEST_F(StorageCrashTest, ARequestThatFailsDuringAPruneOrABackupDamagesNothing) {
  start();
  const std::uint64_t last = requests();
  tests::Sample sample(211);
  for (std::uint64_t request = 1; request <= last; ++request) {
    for (const StorageFault fault : {StorageFault::kNotDone, StorageFault::kDone,
                                     StorageFault::kThrottled, StorageFault::kRefused}) {
      for (const bool is_index_lost : {false, true}) {
        if (!sample.takes_next()) continue;
        SCOPED_TRACE(fmt::format("request {} of {}, fault {}, index lost: {}", request, last,
                                 static_cast<int>(fault), is_index_lost));
        begin_again();
        storage_->fail_once_at(storage_->operations() + request, fault);
        run();
        storage_->stop_failing();
        expect_sound(is_index_lost, request);
        if (HasFailure()) return;
      }
    }
  }
}

// An index that lacks a checkpoint is made again from all packs.
class OutdatedIndexTest : public StoreFixture {
 protected:
  OutdatedIndexTest() : StoreFixture(tests::HeldBy::kLateListings) {
    make_store();
    back_up_at(std::chrono::sys_seconds(std::chrono::hours(480'000)), "alice", samples(0, 2));
    const SnapshotInfo first =
        back_up_at(std::chrono::sys_seconds(std::chrono::hours(480'024)), "bob", samples(2, 2));
    std::filesystem::copy(location_.index, kept_, std::filesystem::copy_options::recursive);
    prune(location_, files_, clock_, {.drop = {first.id}, .grace = std::chrono::hours(24)});
    put_back();
  }

  void put_back() {
    std::filesystem::remove_all(location_.index);
    std::filesystem::copy(kept_, location_.index, std::filesystem::copy_options::recursive);
  }

  void open_with_failure_at(std::uint64_t operation) {
    late_storage_->fail_for_good_from(late_storage_->operations() + operation,
                                      tests::StorageFault::kNotDone);
    try {
      open_writer();
    } catch (const base::Error&) {
      has_failed_ = true;
    }
    late_storage_->stop_failing();
  }

  base::Path kept_ = directory_ / "kept";
  bool has_failed_ = false;
};

TEST_F(OutdatedIndexTest, StaysAsItWasUntilItIsUpToDate) {
  const StoreId store = open_keys(location_, files_).store;
  const std::uint64_t before = late_storage_->operations();
  open_writer();
  const std::uint64_t last = late_storage_->operations() - before;
  std::uint64_t failures = 0;
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    SCOPED_TRACE(operation);
    put_back();
    has_failed_ = false;
    open_with_failure_at(operation);
    if (has_failed_) ++failures;
    Index index = Index::open_read_only(index_file(location_), store);
    EXPECT_THAT(index.accounts(), testing::Contains("alice"));
    EXPECT_GT(index.highest_commit().number, 0U);
  }
  EXPECT_GT(failures, 10U);
  Reader reader = open_reader();
  EXPECT_EQ(samples(0, 2), restore(reader, "alice", "INBOX"));
}

}  // namespace
}  // namespace store
