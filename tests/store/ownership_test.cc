// The identity of a host, and the records of who writes to a store.
#include "store/index/ownership.h"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/log.h"
#include "store/format/layout.h"
#include "store/index/host_identity.h"
#include "tests/expect_error.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/storage/model_storage.h"

namespace store {
namespace {

using testing::HasSubstr;

class HostIdentityTest : public testing::Test {
 protected:
  HostIdentity identify(const Machine& machine) {
    return identify_host(files_, location_, machine);
  }

  tests::SimulatedFileSystem files_;
  Location location_{.store = "/store", .index = "/index", .key_file = "/key"};
  Machine machine_{.id = "0123456789abcdef",
                   .start = "monday",
                   .started = std::chrono::sys_seconds(std::chrono::days(20'000)),
                   .name = "backup"};
};

TEST_F(HostIdentityTest, StaysTheSameWhileTheMachineRuns) {
  const HostIdentity first = identify(machine_);
  EXPECT_TRUE(first.is_first);
  EXPECT_EQ("backup", first.name);
  EXPECT_FALSE(first.earlier);
  const HostIdentity second = identify(machine_);
  EXPECT_EQ(first.id, second.id);
  EXPECT_FALSE(second.is_first);
  EXPECT_FALSE(second.earlier);
}

TEST_F(HostIdentityTest, DiffersAfterEachStartAndKnowsTheEarlierOne) {
  const HostIdentity before = identify(machine_);
  machine_.start = "tuesday";
  const HostIdentity after = identify(machine_);
  EXPECT_NE(before.id, after.id);
  EXPECT_EQ(before.id, after.earlier);
  EXPECT_FALSE(identify(machine_).earlier) << "only the first time";
}

// A service may be confined so that it can't read the start's id, while a command typed by hand
// can.
TEST_F(HostIdentityTest, AStartWithoutAnIdIsKnownByItsTime) {
  const HostIdentity by_hand = identify(machine_);
  Machine confined = machine_;
  confined.start.clear();
  confined.started += std::chrono::seconds(2);
  EXPECT_EQ(by_hand.id, identify(confined).id);
  EXPECT_EQ(by_hand.id, identify(machine_).id);
  confined.started += std::chrono::hours(1);
  const HostIdentity after = identify(confined);
  EXPECT_NE(by_hand.id, after.id);
  EXPECT_EQ(by_hand.id, after.earlier);
  machine_.start = "tuesday";
  machine_.started = confined.started;
  EXPECT_EQ(after.id, identify(machine_).id);
}

TEST_F(HostIdentityTest, AClockThatIsSetMakesNoOtherHost) {
  const HostIdentity before = identify(machine_);
  machine_.started += std::chrono::hours(100);
  EXPECT_EQ(before.id, identify(machine_).id);
}

// With the original's files, including what is beside the index.
TEST_F(HostIdentityTest, ACloneDiffersFromItsRunningOriginal) {
  const HostIdentity original = identify(machine_);
  const std::unique_ptr<tests::SimulatedFileSystem> cloned = files_.copy();
  Machine clone = machine_;
  clone.start = "tuesday";
  const HostIdentity identity = identify_host(*cloned, location_, clone);
  EXPECT_NE(original.id, identity.id);
  EXPECT_EQ(original.id, identify(machine_).id);
  EXPECT_EQ(identity.id, identify_host(*cloned, location_, clone).id);
}

TEST_F(HostIdentityTest, TheIndexOfAnotherMachineMakesNoHostOfIt) {
  const HostIdentity here = identify(machine_);
  Machine elsewhere = machine_;
  elsewhere.id = "fedcba9876543210";
  EXPECT_NE(here.id, identify(elsewhere).id);
}

TEST_F(HostIdentityTest, RubbishBesideTheIndexIsReplaced) {
  identify(machine_);
  const std::vector<std::string> cases{"",
                                       "x",
                                       "0123 1 monday",
                                       std::string(300, 'a'),
                                       std::string(32, 'a'),
                                       std::string(32, 'a') + " \n",
                                       std::string(32, 'a') + " 1\n",
                                       std::string(32, 'a') + " monday\n",
                                       std::string(32, 'a') + " 9223372036854775807 monday\n",
                                       std::string(32, 'x') + " 1 monday\n"};
  for (const std::string& rubbish : cases) {
    files_.overwrite(host_identity_file(location_), base::to_bytes(rubbish));
    const HostIdentity identity = identify(machine_);
    EXPECT_TRUE(identity.is_first) << rubbish;
    EXPECT_EQ(identity.id, identify(machine_).id);
  }
}

TEST_F(HostIdentityTest, ACrashLeavesTheOldOneOrTheNew) {
  identify(machine_);
  const std::unique_ptr<tests::SimulatedFileSystem> origin = files_.copy();
  machine_.start = "tuesday";
  std::mt19937 random(20'261'124);
  for (std::uint64_t operation = 1; operation < 20; ++operation) {
    const auto files = origin->copy();
    files->fail_for_good_from(operation, tests::Fault::kIo);
    try {
      identify_host(*files, location_, machine_);
    } catch (const base::Error& error) {
      EXPECT_EQ(base::ErrorCode::kIo, error.code()) << error.what();
    }
    const auto after = files->after_crash(tests::Survival::kAnything, random);
    EXPECT_FALSE(identify_host(*after, location_, machine_).is_first) << operation;
  }
}

class OwnershipTest : public testing::Test {
 protected:
  explicit OwnershipTest(const StorageTraits& traits = {.creates_once = true,
                                                        .lists_at_once = true,
                                                        .replaces_at_once = true})
      : storage_(traits) {
    context_.keys = Keys::derive(random_key());
    fill_random(here_.id);
    here_.name = "here";
    fill_random(there_.id);
    there_.name = "there";
  }

  StoreOwner claim(const HostIdentity& host) {
    testing::internal::CaptureStderr();
    const StoreOwner owner = claim_store(storage_, context_, host, kNow);
    warning_ = testing::internal::GetCapturedStderr();
    EXPECT_EQ(host.id, owner.host);
    return owner;
  }

  static constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

  tests::ModelStorage storage_;
  BlockContext context_;
  HostIdentity here_;
  HostIdentity there_;
  std::string warning_;
};

TEST_F(OwnershipTest, TheOwnerWritesOneRecord) {
  EXPECT_EQ(1U, claim(here_).epoch);
  EXPECT_EQ("", warning_) << "no host wrote before";
  EXPECT_EQ(1U, claim(here_).epoch);
  EXPECT_EQ("", warning_);
  EXPECT_EQ(1U, storage_.contents().size());
}

TEST_F(OwnershipTest, AnotherHostTakesOverWithAWarning) {
  const StoreOwner first = claim(here_);
  const StoreOwner second = claim(there_);
  EXPECT_EQ(2U, second.epoch);
  EXPECT_THAT(warning_, HasSubstr("host here wrote to it since"));
  EXPECT_EQ("here", name_of_host(storage_, context_, first));
  const std::optional<StoreOwner> newer = newer_owner(storage_, context_, first);
  ASSERT_TRUE(newer);
  EXPECT_EQ(2U, newer->epoch);
  EXPECT_EQ(there_.id, newer->host);
  EXPECT_FALSE(newer_owner(storage_, context_, second));
  EXPECT_EQ(3U, claim(here_).epoch);
  EXPECT_THAT(warning_, HasSubstr("host there wrote to it since"));
}

TEST_F(OwnershipTest, AStartOfTheMachineIsNotWorthAWarning) {
  claim(here_);
  HostIdentity restarted = here_;
  fill_random(restarted.id);
  restarted.earlier = here_.id;
  EXPECT_EQ(2U, claim(restarted).epoch);
  EXPECT_EQ("", warning_);
}

TEST_F(OwnershipTest, NeitherIsALostIndex) {
  claim(here_);
  HostIdentity without_index = here_;
  fill_random(without_index.id);
  without_index.is_first = true;
  EXPECT_EQ(2U, claim(without_index).epoch);
  EXPECT_EQ("", warning_);
}

TEST_F(OwnershipTest, AListingThatLacksTheNewestRecordMisleadsNoHost) {
  claim(here_);
  claim(there_);
  storage_.set_faults({.missing_names = 100});
  EXPECT_EQ(2U, claim(there_).epoch);
  EXPECT_EQ(3U, claim(here_).epoch);
}

TEST_F(OwnershipTest, ALostAnswerIsNoOtherHost) {
  for (std::uint64_t operation = 1; operation <= 3; ++operation) {
    storage_.fail_once_at(storage_.operations() + operation, tests::StorageFault::kDone);
    try {
      claim(here_);
    } catch (const StorageError&) {
      testing::internal::GetCapturedStderr();
    }
    storage_.stop_failing();
  }
  EXPECT_EQ(1U, claim(here_).epoch);
}

TEST_F(OwnershipTest, RubbishUnderTheNextNamesIsPassedOver) {
  for (const std::uint64_t epoch : {1U, 2U, 4U}) {
    storage_.create(owner_record_name(epoch), base::as_bytes("rubbish"));
  }
  EXPECT_EQ(3U, claim(here_).epoch);
  EXPECT_EQ(3U, claim(here_).epoch);
  EXPECT_EQ(5U, claim(there_).epoch);
}

TEST_F(OwnershipTest, ARecordThatWasReplacedIsReadInItsNewestVersionThatOpens) {
  storage_.keep_versions();
  claim(here_);
  claim(there_);
  const BlobName newest = owner_record_name(2);
  storage_.replace(newest, base::as_bytes("rubbish"));
  storage_.replace(newest, base::to_bytes(std::string(5'000, 'x')));
  testing::internal::CaptureStderr();
  const std::optional<StoreOwner> owner = owner_of(storage_, context_);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("deleted or replaced"));
  ASSERT_TRUE(owner);
  EXPECT_EQ(2U, owner->epoch);
  EXPECT_EQ(there_.id, owner->host);
  EXPECT_THAT(storage_.remove({&newest, 1}), testing::IsEmpty());
  EXPECT_EQ(here_.id, owner_of(storage_, context_).value().host) << "one that was removed stays so";
}

TEST_F(OwnershipTest, ATroubledStorageIsReported) {
  claim(here_);
  storage_.fail_every(1, tests::StorageFault::kRefused);
  EXPECT_THROW(claim_store(storage_, context_, here_, kNow), StorageError);
}

class SharedOwnershipTest : public OwnershipTest {
 protected:
  SharedOwnershipTest() : OwnershipTest(StorageTraits{}) {}
};

TEST_F(SharedOwnershipTest, EachHostUsesNamesOfItsOwn) {
  const StoreOwner first = claim(here_);
  EXPECT_EQ(2U, claim(there_).epoch);
  EXPECT_TRUE(newer_owner(storage_, context_, first));
  EXPECT_EQ(3U, claim(here_).epoch);
  EXPECT_FALSE(newer_owner(storage_, context_, first)) << "it is the owner again";
  EXPECT_EQ(3U, storage_.contents().size());
}

}  // namespace
}  // namespace store
