#include "store/copies/copy_locks.h"

#include <set>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/copies/copying.h"
#include "tests/expect_error.h"
#include "tests/store/copies/copying_fixture.h"
#include "tests/store/storage/locking_model.h"

namespace store {
namespace {

using testing::IsEmpty;

class CopyLocksTest : public CopyingFixture {
 protected:
  // The names of the copy's packs and commit records.
  std::set<BlobName> blobs_of_copy() {
    std::set<BlobName> names;
    for (const auto& [name, bytes] : model_.contents()) {
      if (is_followed(name)) names.insert(name);
    }
    return names;
  }

  std::set<BlobName> extended() {
    std::set<BlobName> names;
    for (const auto& [name, version] : model_.extended) {
      if (is_followed(name)) names.insert(name);
    }
    return names;
  }

  static bool is_followed(const BlobName& name) {
    return name.area() == "packs" || name.area() == "commits";
  }

  tests::LockingModel model_;
};

TEST_F(CopyLocksTest, TheCommitsOfTheCopyDecide) {
  back_up("alice", 0, 3);
  copy_store(location_, files_, model_);
  const std::set<BlobName> blobs = blobs_of_copy();
  ASSERT_LE(2U, blobs.size());
  // Neither later commits of the store nor packs of no commit count.
  back_up("bob", 5, 2);
  model_.put({"packs", std::string(64, '0')}, base::as_bytes("of no commit"));
  const LockExtensionReport report = extend_copy_locks(location_, files_, model_);
  EXPECT_THAT(report.troubles, IsEmpty());
  EXPECT_EQ(blobs, extended());
}

// The newest commit is one of them: without it, the packs of the others would be all that counts.
TEST_F(CopyLocksTest, WhatWasDeletedBehindItsBackStaysLocked) {
  class KeepsVersions : public tests::LockingModel {
   public:
    KeepsVersions() { keep_versions(); }
    std::vector<BlobVersion> first_versions(std::string_view area) override {
      // NOLINTNEXTLINE(bugprone-parent-virtual-call): those that it really has
      return ModelStorage::first_versions(area);
    }
  };
  KeepsVersions copy;
  back_up("alice", 0, 3);
  copy_store(location_, files_, copy);
  back_up("bob", 5, 2);
  copy_store(location_, files_, copy);
  std::set<BlobName> blobs;
  std::vector<BlobName> names;
  for (const auto& [name, bytes] : copy.contents()) {
    if (!is_followed(name)) continue;
    blobs.insert(name);
    names.push_back(name);
  }
  ASSERT_LE(4U, blobs.size());
  EXPECT_THAT(copy.remove(names), IsEmpty());
  const LockExtensionReport report = extend_copy_locks(location_, files_, copy);
  EXPECT_EQ(blobs.size(), report.troubles.size()) << "that they were deleted";
  for (const BlobName& name : blobs) EXPECT_TRUE(copy.extended.contains(name)) << name.text();
}

TEST_F(CopyLocksTest, ACopyWithoutLocksIsRefused) {
  back_up("alice", 0, 1);
  tests::ModelStorage copy;
  copy_store(location_, files_, copy);
  EXPECT_ERROR(kConfig, "it locks nothing", extend_copy_locks(location_, files_, copy));
}

}  // namespace
}  // namespace store
