#include "store/copies/copy_locks.h"

#include <set>

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

TEST_F(CopyLocksTest, ACopyWithoutLocksIsRefused) {
  back_up("alice", 0, 1);
  tests::ModelStorage copy;
  copy_store(location_, files_, copy);
  EXPECT_ERROR(kConfig, "it locks nothing", extend_copy_locks(location_, files_, copy));
}

}  // namespace
}  // namespace store
