// A program that dies at each request to its storage in turn, and the next one, which sees listings
// that are late and lack names: what was acknowledged is there, nothing is there that never was,
// and no damage is reported.
#include <memory>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/long_run.h"
#include "tests/store/model_store.h"
#include "tests/store/storage/each_storage.h"

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

}  // namespace
}  // namespace store
