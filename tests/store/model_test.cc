// Random interleavings of all operations that change a store, compared with a plain model.
#include <limits>
#include <memory>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "store/storage/storage_error.h"
#include "tests/long_run.h"
#include "tests/store/model_store.h"
#include "tests/store/storage/each_storage.h"

namespace store {
namespace {

using tests::Fault;
using tests::HeldBy;
using tests::StorageFault;
using tests::Survival;

class Steps {
 public:
  Steps(HeldBy held_by, std::uint32_t seed)
      : storage_(tests::model_of(held_by, seed)), store_(storage_), random_(seed) {}

  void take(std::uint32_t choice) {
    const std::string account = choice % 3 == 0 ? "alice" : "bob";
    const bool fails = choice % 5 == 0;
    if (fails) begin_to_fail(choice);
    try {
      do_one(choice / 16 % 8, account, choice / 128);
    } catch (const StorageError&) {  // before it began, when its snapshots were chosen
      EXPECT_TRUE(fails);
    }
    if (!fails) return;
    stop_failing(choice);
    if (choice % 9 == 0) store_.lose_index();
    // A listing decides whether a commit counts that has no record; this ends it.
    if (storage_) store_.back_up("dave", 40, 1);
    store_.verify();
  }

  void end() {
    store_.verify();
    store_.check();
    store_.reindex();
    store_.verify();
    store_.check();
  }

 private:
  // On a storage, as when the program ends at this request.
  void begin_to_fail(std::uint32_t choice) {
    const std::uint64_t after = 1 + choice / 7 % 32;
    const bool is_done = choice % 2 != 0;
    if (storage_) {
      storage_->fail_for_good_from(storage_->operations() + after,
                                   is_done ? StorageFault::kDone : StorageFault::kNotDone);
    } else {
      store_.files().fail_for_good_from(store_.files().operations() + after,
                                        is_done ? Fault::kDoneAndFail : Fault::kIo);
    }
  }

  void stop_failing(std::uint32_t choice) {
    if (storage_) {
      storage_->stop_failing();
      storage_->set_faults(tests::late_listings(choice));
      return;
    }
    store_.files().stop_failing();
    if (choice % 4 == 0) return;
    constexpr Survival kSurvivals[] = {Survival::kNothing, Survival::kEverything,
                                       Survival::kAnything};
    store_.crash(kSurvivals[choice % 3], random_);
  }

  void do_one(std::uint32_t kind, const std::string& account, std::uint32_t detail) {
    switch (kind) {
      case 0:
      case 1:
      case 2:
        return store_.back_up(account, detail % 12, 1 + detail / 12 % 5);
      case 3:
        return store_.forget(account);
      case 4:
      case 5:
        store_.pass(std::chrono::hours(detail % 30));
        return store_.prune(1 + detail % 3);
      case 6:
        return store_.reindex();
      default:
        return store_.pass(std::chrono::hours(detail % 48));
    }
  }

  std::shared_ptr<tests::ModelStorage> storage_;  // null: the store is in a directory
  ModelStore store_;
  std::mt19937 random_;
};

void expect_equals_the_model(HeldBy held_by) {
  const auto choices = *rc::gen::resize(
      25, rc::gen::container<std::vector<std::uint32_t>>(
              rc::gen::inRange<std::uint32_t>(0, std::numeric_limits<std::uint32_t>::max())));
  Steps steps(held_by, static_cast<std::uint32_t>(choices.size()));
  for (const std::uint32_t choice : choices) steps.take(choice);
  steps.end();
  RC_ASSERT(!testing::Test::HasFailure());
}

RC_GTEST_PROP(ModelProperty, AStoreInADirectoryEqualsTheModel, ()) {
  static tests::FirstCases first(8);
  if (first.takes_next()) expect_equals_the_model(HeldBy::kDirectory);
}

RC_GTEST_PROP(LateModelProperty, AStoreWithLateListingsEqualsTheModel, ()) {
  static tests::FirstCases first(8);
  if (first.takes_next()) expect_equals_the_model(HeldBy::kLateListings);
}

}  // namespace
}  // namespace store
