// A store whose packs are in a storage that loses answers, is overloaded, and lists an earlier
// state without many of the names: its content is right, and no damage is reported.
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "store/storage/patient_storage.h"
#include "tests/long_run.h"
#include "tests/store/model_store.h"
#include "tests/store/storage/impatient_clock.h"
#include "tests/store/storage/model_storage.h"

namespace store {
namespace {

// The storage with all that belongs to it.
struct FailingStorage {
  explicit FailingStorage(const tests::StorageFaults& faults) { model.set_faults(faults); }

  tests::ModelStorage model{StorageTraits{.creates_once = true}};
  tests::ImpatientClock clock;
  PatientStorage patient{model, clock, std::chrono::hours(24), 1};
};

std::shared_ptr<Storage> patient_storage_of(const std::shared_ptr<FailingStorage>& failing) {
  return {failing, &failing->patient};
}

constexpr std::uint32_t kVerify = 6;

std::uint32_t kind_of(std::uint32_t choice) {
  return choice / 16 % 8;
}

void change_store(ModelStore& store, std::uint32_t choice) {
  const std::string account = choice % 3 == 0 ? "alice" : "bob";
  const std::uint32_t detail = choice / 128;
  switch (kind_of(choice)) {
    case 0:
    case 1:
    case 2:
      return store.back_up(account, detail % 12, 1 + detail / 12 % 5);
    case 3:
      return store.forget(account);
    case 4:
    case 5:
      store.pass(std::chrono::hours(detail % 30));
      return store.prune(1 + detail % 3);
    case kVerify:
      return store.verify();
    default:
      return store.pass(std::chrono::hours(detail % 48));
  }
}

using Choices = std::vector<std::uint32_t>;

Choices drawn_choices() {
  return *rc::gen::resize(25, rc::gen::container<Choices>(rc::gen::inRange<std::uint32_t>(
                                  0, std::numeric_limits<std::uint32_t>::max())));
}

RC_GTEST_PROP(FailingStorageProperty, WithPatienceTheStoreEqualsTheModel, (std::uint32_t seed)) {
  static tests::FirstCases first(5);
  if (!first.takes_next()) return;
  const auto failing = std::make_shared<FailingStorage>(tests::StorageFaults{.seed = seed,
                                                                             .not_done = 10,
                                                                             .done = 10,
                                                                             .throttled = 10,
                                                                             .late_listings = 5,
                                                                             .missing_names = 40});
  ModelStore store(patient_storage_of(failing));
  for (const std::uint32_t choice : drawn_choices()) change_store(store, choice);
  store.verify();
  store.check();
  RC_ASSERT(!testing::Test::HasFailure());
}

// Without patience, the run ends at the first fault, whether its operation was done or not.
RC_GTEST_PROP(FailingStorageProperty, ARunThatEndsEarlyLosesNothing, ()) {
  static tests::FirstCases first(5);
  if (!first.takes_next()) return;
  const auto storage = std::make_shared<tests::ModelStorage>();
  ModelStore store(storage);
  for (const std::uint32_t choice : drawn_choices()) {
    if (choice % 2 == 0 && kind_of(choice) != kVerify) {
      storage->fail_once_at(
          storage->operations() + 1 + choice / 4 % 24,
          choice % 4 == 0 ? tests::StorageFault::kDone : tests::StorageFault::kNotDone);
    }
    try {
      change_store(store, choice);
    } catch (const StorageError&) {  // before it began, when its snapshots were chosen
    }
    storage->stop_failing();
    store.verify();
  }
  store.check();
  RC_ASSERT(!testing::Test::HasFailure());
}

}  // namespace
}  // namespace store
