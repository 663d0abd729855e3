// A prune that crashes or fails at every operation in turn: living data stays complete, dropped
// snapshots stay dropped, and the next prune completes the work.
#include <cstdlib>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/long_run.h"
#include "tests/store/model_store.h"

namespace store {
namespace {

using tests::Fault;
using tests::Survival;

class PruneCrashTest : public testing::Test {
 protected:
  void start() {
    store_.leave_work_for_prune();
    store_.keep();
  }

  void run() {
    store_.prune(1);
    store_.back_up("bob", 1, 4);
  }

  std::uint64_t operations() {
    store_.revert();
    const std::uint64_t before = store_.files().operations();
    run();
    const std::uint64_t count = store_.files().operations() - before;
    EXPECT_GT(count, 20U);
    return count;
  }

  // The state after a failure is sound, whichever program reads it next, and remains so.
  void expect_sound(bool index_lost, const std::string& trace) {
    SCOPED_TRACE(trace);
    if (index_lost) store_.lose_index();
    store_.verify();
    store_.back_up("alice", 22, 5);
    store_.back_up("carol", 30, 2);  // messages that were dropped, perhaps between two steps
    store_.prune(1);
    store_.pass(std::chrono::hours(25));
    store_.prune(1);
    store_.verify();
    store_.check();
    store_.reindex();
    store_.verify();
  }

  ModelStore store_;
  std::mt19937 random_{20'261'124};
};

TEST_F(PruneCrashTest, ACrashAnywhereLosesNothingLivingAndRestoresNothingDropped) {
  start();
  const std::uint64_t last = operations();
  tests::Sample sample(31);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const Survival survival :
         {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
      for (const bool index_lost : {false, true}) {
        if (!sample.takes_next()) continue;
        store_.revert();
        store_.files().fail_for_good_from(operation, Fault::kIo);
        run();
        store_.crash(survival, random_);
        expect_sound(index_lost,
                     fmt::format("operation {} of {}, survival {}, index lost: {}", operation, last,
                                 static_cast<int>(survival), index_lost));
        if (HasFailure()) return;
      }
    }
  }
}

// Nothing is rewritten: the first step is the last one, and the message that arrives again finds
// its record in a pack that should have been rewritten.
TEST_F(PruneCrashTest, ACrashOnAFullDiskLosesNothingEither) {
  start();
  const std::uint64_t last = operations();
  tests::Sample sample(25);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const bool index_lost : {false, true}) {
      if (!sample.takes_next()) continue;
      store_.revert();
      store_.files().set_free_space(100);
      store_.files().fail_for_good_from(operation, Fault::kIo);
      run();
      store_.crash(Survival::kAnything, random_);
      expect_sound(index_lost,
                   fmt::format("operation {} of {}, index lost: {}", operation, last, index_lost));
      if (HasFailure()) return;
    }
  }
}

TEST_F(PruneCrashTest, AnOperationThatFailsDamagesNothing) {
  start();
  const std::uint64_t last = operations();
  tests::Sample sample(79);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const Fault fault : {Fault::kIo, Fault::kNoSpace, Fault::kDoneAndFail}) {
      for (const bool for_good : {false, true}) {
        for (const bool crashes : {false, true}) {
          if (!sample.takes_next()) continue;
          store_.revert();
          if (for_good) {
            store_.files().fail_for_good_from(operation, fault);
          } else {
            store_.files().fail_once_at(operation, fault);
          }
          run();
          store_.files().stop_failing();
          if (crashes) store_.crash(Survival::kAnything, random_);
          expect_sound(random_() % 2 == 0,
                       fmt::format("operation {} of {}, fault {}, for good: {}, crashes: {}",
                                   operation, last, static_cast<int>(fault), for_good, crashes));
          if (HasFailure()) return;
        }
      }
    }
  }
}

}  // namespace
}  // namespace store
