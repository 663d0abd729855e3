// The fence of a store in a bucket: proven, tried again, and never trusted once it gave way.
#include "store/fence.h"

#include <fstream>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "store/format/layout.h"
#include "tests/store/storage/model_storage.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

using std::chrono::days;
using testing::ElementsAre;
using testing::IsEmpty;
using tests::Conditions;
using tests::StorageFault;

class FenceTest : public testing::Test {
 public:
  ~FenceTest() override { base::set_log_level(base::LogLevel::kInfo); }

 protected:
  FenceTest() {
    base::set_log_level(base::LogLevel::kError);
    location_.index = directory_.path();
    location_.storage = storage_;
    location_.fenced_bucket = "https://storage.example.org\nmail\none";
  }

  Fence open() { return open_fence(*storage_, files_, location_, now_); }
  FenceProof proof() { return load_fence_note(files_, location_).proof; }
  std::uint64_t requests_of(const std::string& kind) const { return storage_->operations(kind); }

  tests::TemporaryDirectory directory_;
  base::FileSystem& files_ = base::real_file_system();
  std::shared_ptr<tests::ModelStorage> storage_ =
      std::make_shared<tests::ModelStorage>(StorageTraits{});
  Location location_;
  std::chrono::sys_seconds now_{std::chrono::seconds(1'796'000'000)};
};

TEST_F(FenceTest, IsProvenOnceAndThenTriedByOneRequest) {
  storage_->set_conditions(Conditions::kKept);
  EXPECT_EQ(FenceProof::kUntried, proof());
  EXPECT_EQ(Fence::kTrusted, open());
  EXPECT_EQ(FenceProof::kProven, proof());
  EXPECT_THAT(storage_->list("probe"), ElementsAre("fence")) << "those of the race are removed";
  const std::uint64_t before = requests_of("create");
  EXPECT_EQ(Fence::kTrusted, open());
  EXPECT_EQ(before + 1, requests_of("create"));
  now_ += days(31);
  EXPECT_EQ(Fence::kTrusted, open());
  EXPECT_LT(before + 10, requests_of("create")) << "it is proven again";
  EXPECT_EQ(now_, load_fence_note(files_, location_).time);
}

TEST_F(FenceTest, AStorageThatIgnoresTheConditionHasNone) {
  storage_->set_conditions(Conditions::kIgnored);
  EXPECT_EQ(Fence::kNone, open());
  EXPECT_EQ(FenceProof::kAbsent, proof());
  EXPECT_THAT(storage_->list("probe"), IsEmpty());
  const std::uint64_t before = storage_->operations();
  EXPECT_EQ(Fence::kNone, open());
  EXPECT_EQ(before, storage_->operations()) << "it is not tried each time";
  storage_->set_conditions(Conditions::kKept);
  now_ += days(31);
  EXPECT_EQ(Fence::kTrusted, open()) << "it was updated";
}

TEST_F(FenceTest, AStorageThatDoesNotKnowOrRefusesTheConditionHasNone) {
  EXPECT_EQ(Fence::kNone, open());
  EXPECT_EQ(FenceProof::kAbsent, proof());
  EXPECT_THAT(storage_->contents(), IsEmpty());
  storage_->set_conditions(Conditions::kKept);
  prove_fence(*storage_, files_, location_, now_);
  EXPECT_EQ(FenceProof::kProven, proof());
  storage_->fail_every(1, StorageFault::kRefused);
  EXPECT_EQ(Fence::kNone, open());
  now_ += days(31);
  EXPECT_EQ(Fence::kNone, open());
  EXPECT_EQ(FenceProof::kProven, proof()) << "a refusal says nothing about the condition";
}

TEST_F(FenceTest, WhatGaveWayIsNeverTrustedAgain) {
  storage_->set_conditions(Conditions::kKept);
  EXPECT_EQ(Fence::kTrusted, open());
  storage_->set_conditions(Conditions::kIgnored);
  EXPECT_EQ(Fence::kNone, open());
  EXPECT_EQ(FenceProof::kBroken, proof());
  storage_->set_conditions(Conditions::kKept);
  now_ += days(100);
  const std::uint64_t before = storage_->operations();
  EXPECT_EQ(Fence::kNone, open());
  EXPECT_EQ(FenceProof::kBroken, prove_fence(*storage_, files_, location_, now_).proof);
  EXPECT_EQ(before, storage_->operations());
  EXPECT_EQ(now_ - days(100), load_fence_note(files_, location_).time);
}

TEST_F(FenceTest, AProofThatFailsWhereOneSucceededBreaksTheFence) {
  storage_->set_conditions(Conditions::kKept);
  prove_fence(*storage_, files_, location_, now_);
  storage_->set_conditions(Conditions::kIgnored);
  EXPECT_EQ(FenceProof::kBroken, prove_fence(*storage_, files_, location_, now_).proof);
}

TEST_F(FenceTest, AProofIsOfOneBucket) {
  storage_->set_conditions(Conditions::kKept);
  prove_fence(*storage_, files_, location_, now_);
  location_.fenced_bucket += "-other";
  EXPECT_EQ(FenceProof::kUntried, proof());
  location_.fenced_bucket = "";
  const std::uint64_t before = storage_->operations();
  EXPECT_EQ(Fence::kNone, open());
  EXPECT_EQ(before, storage_->operations());
}

TEST_F(FenceTest, ANoteThatCantBeReadIsMadeAgain) {
  storage_->set_conditions(Conditions::kKept);
  for (const std::string& text : {std::string("proven"), std::string("proven 12 x\n"),
                                  std::string("proven  \n"), std::string(1'000, 'x')}) {
    std::ofstream(fence_file(location_)) << text;
    EXPECT_EQ(FenceProof::kUntried, proof()) << text;
  }
  EXPECT_EQ(Fence::kTrusted, open());
  EXPECT_EQ(FenceProof::kProven, proof());
}

TEST_F(FenceTest, AStorageThatDoesNotAnswerProvesNothing) {
  storage_->set_conditions(Conditions::kKept);
  storage_->fail_every(1, StorageFault::kNotDone);
  EXPECT_THROW(open(), StorageError);
  EXPECT_EQ(FenceProof::kUntried, proof());
}

}  // namespace
}  // namespace store
