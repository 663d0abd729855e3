// Lost answers, overload, and listings and reads that lag behind.
#include "store/storage/patient_storage.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/expect_error.h"
#include "tests/standing_clock.h"
#include "tests/store/storage/model_storage.h"

namespace store {
namespace {

using tests::ModelStorage;
using tests::StorageFault;

class PatientStorageTest : public testing::Test {
 protected:
  static constexpr std::chrono::minutes kLimit{5};

  static base::ByteView bytes(std::string_view text) { return base::as_bytes(text); }

  ModelStorage model_;
  tests::StandingClock clock_;
  PatientStorage storage_{model_, clock_, kLimit, 1};
  BlobName name_{"commits", "1"};
};

TEST_F(PatientStorageTest, RepeatsWhateverWasNotAnswered) {
  for (const StorageFault fault :
       {StorageFault::kNotDone, StorageFault::kDone, StorageFault::kThrottled}) {
    model_.fail_every(3, fault);
    const std::string key = std::to_string(static_cast<int>(fault));
    const BlobName name("packs", key);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(Created::kYes, storage_.create(name, bytes("mine")));
      storage_.put(name, bytes("mine"));
      EXPECT_EQ(4U, storage_.size(name));
      EXPECT_THAT(storage_.list("packs", key), testing::ElementsAre(key));
      EXPECT_EQ(base::to_bytes("mine"), storage_.get(name, 4));
      storage_.replace(name, bytes("other"));
      EXPECT_EQ(base::to_bytes("other"), storage_.get_range(name, 0, 10));
      EXPECT_THAT(storage_.remove(std::vector{name}), testing::IsEmpty());
      EXPECT_FALSE(storage_.get_tail(name, 10));
    }
  }
  EXPECT_GT(clock_.elapsed, std::chrono::seconds(1));
}

TEST_F(PatientStorageTest, AnUploadIsPublishedAgain) {
  const std::unique_ptr<Upload> upload = storage_.upload("packs");
  upload->write(bytes("large"));
  model_.fail_once_at(model_.operations() + 1, StorageFault::kDone);
  upload->publish("a");
  EXPECT_EQ(2U, model_.operations("put"));
  EXPECT_EQ(base::to_bytes("large"), model_.contents().at({"packs", "a"}));
}

TEST_F(PatientStorageTest, GivesUpAfterItsLimit) {
  model_.fail_every(1, StorageFault::kNotDone);
  EXPECT_ERROR(kStorage, "no answer", storage_.get(name_, 10));
  EXPECT_GT(clock_.elapsed, kLimit / 2);
  EXPECT_LE(clock_.elapsed, kLimit);
  EXPECT_GT(model_.operations("get"), 5U);
}

TEST_F(PatientStorageTest, WhatIsRefusedIsNotRepeated) {
  model_.fail_every(1, StorageFault::kRefused);
  EXPECT_ERROR(kStorage, "refuses", storage_.put(name_, bytes("x")));
  EXPECT_EQ(1U, model_.operations());
  EXPECT_EQ(std::chrono::milliseconds(0), clock_.elapsed);
}

TEST_F(PatientStorageTest, WaitsAsLongAsTheStorageAsks) {
  model_.ask_for_pause(std::chrono::minutes(2));
  model_.fail_once_at(1, StorageFault::kThrottled);
  EXPECT_FALSE(storage_.get(name_, 10));
  EXPECT_GE(clock_.elapsed, std::chrono::minutes(2));
}

TEST_F(PatientStorageTest, AnotherOnesBytesAreNeverTakenForOurs) {
  model_.put(name_, bytes("another writer's"));
  for (const StorageFault fault : {StorageFault::kNotDone, StorageFault::kDone}) {
    for (std::uint64_t operation = 1; operation <= 2; ++operation) {
      model_.fail_once_at(model_.operations() + operation, fault);
      EXPECT_EQ(Created::kExists, storage_.create(name_, bytes("ours")));
    }
  }
  EXPECT_EQ(base::to_bytes("another writer's"), model_.contents().at(name_));
}

TEST_F(PatientStorageTest, PromisesNoMoreThanItsStorage) {
  ModelStorage simple(StorageTraits{});
  PatientStorage storage(simple, clock_, kLimit, 1);
  EXPECT_FALSE(storage.traits().creates_once);
  EXPECT_ERROR(kInternal, "several writers", storage.create(name_, bytes("x")));
  EXPECT_TRUE(storage_.traits().creates_once);
}

tests::StorageFaults drawn_faults(std::uint32_t seed) {
  return {.seed = seed,
          .not_done = *rc::gen::inRange(0U, 30U),
          .done = *rc::gen::inRange(0U, 30U),
          .throttled = *rc::gen::inRange(0U, 20U),
          .late_listings = *rc::gen::inRange(0U, 6U),
          .missing_names = *rc::gen::inRange(0U, 50U),
          .late_reads = *rc::gen::inRange(0U, 6U)};
}

// Writers take turns to number their commits: each tries the next number that it believes to be
// free. Whatever is lost, each number has one winner, who knows it.
RC_GTEST_PROP(PatientStorageProperty, OfTwoWritersOneGetsEachNumber, (std::uint32_t seed)) {
  ModelStorage model;
  model.set_faults(drawn_faults(seed));
  tests::StandingClock clock;
  PatientStorage first(model, clock, std::chrono::hours(24), seed);
  PatientStorage second(model, clock, std::chrono::hours(24), seed + 1);
  std::map<BlobName, base::Bytes> won;
  std::uint64_t next[2] = {1, 1};
  for (const bool is_second : *rc::gen::arbitrary<std::vector<bool>>()) {
    const std::size_t who = is_second ? 1 : 0;
    const BlobName name("commits", std::to_string(next[who]++));
    const base::Bytes mine = base::to_bytes("of writer " + std::to_string(who));
    if ((is_second ? second : first).create(name, mine) == Created::kYes) {
      RC_ASSERT(won.emplace(name, mine).second);
    } else {
      RC_ASSERT(won.contains(name));
    }
  }
  RC_ASSERT(model.contents() == won);
}

// A listing and a read show only what was true once, and a blob that was put is always read.
RC_GTEST_PROP(PatientStorageProperty, WhatLagsBehindWasTrueOnce, (std::uint32_t seed)) {
  ModelStorage model;
  model.set_faults(drawn_faults(seed));
  tests::StandingClock clock;
  PatientStorage storage(model, clock, std::chrono::hours(24), seed);
  std::set<std::string> put;
  std::set<std::string> owners;
  const BlobName owner("owner", "1");
  for (const std::uint32_t choice : *rc::gen::arbitrary<std::vector<std::uint32_t>>()) {
    const std::string key = std::to_string(choice / 4 % 50);
    const BlobName name("packs", key);
    const std::string state = std::to_string(choice);
    switch (choice % 4) {
      case 0:
        storage.put(name, base::as_bytes(key));
        put.insert(key);
        break;
      case 1:
        storage.replace(owner, base::as_bytes(state));
        owners.insert(state);
        break;
      case 2:
        for (const std::string& listed : storage.list("packs")) RC_ASSERT(put.contains(listed));
        break;
      default:
        const auto found = storage.get(name, 10);
        RC_ASSERT(found.has_value() == put.contains(key));
        const auto shown = storage.get(owner, 10);
        RC_ASSERT(shown.has_value() == !owners.empty());
        if (shown) RC_ASSERT(owners.contains(base::to_text(*shown)));
    }
  }
  RC_ASSERT(model.contents().size() == put.size() + (owners.empty() ? 0 : 1));
}

}  // namespace
}  // namespace store
