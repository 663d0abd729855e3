// Which locks are extended. What a storage does for it is in s3_lock_test.cc.
#include "store/lock_extension.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/expect_error.h"
#include "tests/store/storage/locking_model.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Outcome = LockExtension::Outcome;

class LockExtensionTest : public StoreFixture {
 protected:
  LockExtensionTest() {
    location_.storage = model_;
    make_store();
    back_up_at(std::chrono::sys_seconds(std::chrono::days(19'000)), "alice", samples(0, 2));
  }

  // The names of all blobs of these areas.
  std::set<BlobName> blobs_in(const std::set<std::string>& areas) {
    std::set<BlobName> names;
    for (const auto& [name, bytes] : model_->contents()) {
      if (areas.contains(name.area())) names.insert(name);
    }
    return names;
  }

  BlobName first_in(const std::string& area) { return *blobs_in({area}).begin(); }

  std::set<BlobName> extended() {
    std::set<BlobName> names;
    for (const auto& [name, version] : model_->extended) names.insert(name);
    return names;
  }

  std::shared_ptr<tests::LockingModel> model_ = std::make_shared<tests::LockingModel>();
};

TEST_F(LockExtensionTest, ExtendsWhatTheStoreNeedsForEver) {
  const std::set<BlobName> needed = blobs_in({"packs", "commits", "keys"});
  EXPECT_FALSE(blobs_in({"packs"}).empty());
  EXPECT_FALSE(blobs_in({"commits"}).empty());
  EXPECT_EQ(2U, blobs_in({"keys"}).size());
  model_->put({"packs", std::string(64, '0')}, base::as_bytes("of no commit"));
  LockExtensionReport report = extend_locks(location_, files_);
  EXPECT_EQ(needed, extended());
  EXPECT_EQ(needed.size(), report.extended);
  EXPECT_EQ(0U, report.lasting);
  EXPECT_THAT(report.troubles, IsEmpty());
  model_->outcome = Outcome::kLastsLongEnough;
  report = extend_locks(location_, files_);
  EXPECT_EQ(0U, report.extended);
  EXPECT_EQ(needed.size(), report.lasting);
}

TEST_F(LockExtensionTest, WhatWasDeletedOrReplacedStaysLockedAndIsReported) {
  const BlobName pack = first_in("packs");
  const BlobName record = first_in("commits");
  model_->removed = {pack};
  model_->replaced = {record};
  const LockExtensionReport report = extend_locks(location_, files_);
  EXPECT_THAT(report.troubles,
              ElementsAre(HasSubstr(pack.text() + " was deleted: its first version v1"),
                          HasSubstr(record.text() + " was replaced: its first version v1")));
  EXPECT_EQ("v1", model_->extended.at(pack));
  EXPECT_EQ("v1", model_->extended.at(record));
}

TEST_F(LockExtensionTest, AKeyThatWasRemovedIsNotLockedAgain) {
  const BlobName slot = first_in("keys");
  model_->removed = {slot};
  EXPECT_THAT(extend_locks(location_, files_).troubles, IsEmpty());
  EXPECT_THAT(extended(), Not(Contains(slot)));
}

TEST_F(LockExtensionTest, APackThatTheListingLacksIsLockedByItsName) {
  const BlobName pack = first_in("packs");
  model_->unlisted = {pack};
  EXPECT_THAT(extend_locks(location_, files_).troubles, IsEmpty());
  EXPECT_EQ("", model_->extended.at(pack));
}

TEST_F(LockExtensionTest, ARefusalEndsNothing) {
  model_->outcome = Outcome::kRefused;
  const LockExtensionReport report = extend_locks(location_, files_);
  EXPECT_EQ(blobs_in({"packs", "commits", "keys"}).size(), report.troubles.size());
  EXPECT_THAT(report.troubles, Contains("it was refused"));
  EXPECT_EQ(0U, report.extended + report.lasting);
}

TEST_F(LockExtensionTest, AStoreWithoutLocksIsRefused) {
  location_.storage = std::make_shared<tests::ModelStorage>();
  std::filesystem::remove(location_.key_file);
  std::filesystem::remove_all(location_.index);
  make_store();
  EXPECT_ERROR(kConfig, "extend the locks of the model: it locks nothing",
               extend_locks(location_, files_));
}

TEST_F(LockExtensionTest, ItsTimeIsNotedBesideTheIndex) {
  EXPECT_FALSE(last_lock_extension(location_, files_));
  const std::chrono::sys_seconds time{std::chrono::seconds(1'800'000'000)};
  note_lock_extension(location_, files_, time);
  EXPECT_EQ(time, last_lock_extension(location_, files_));
  std::ofstream(location_.index / "locks-extended") << "-";
  EXPECT_FALSE(last_lock_extension(location_, files_));
}

}  // namespace
}  // namespace store
