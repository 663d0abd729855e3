#include "store/format/pack_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/storage/directory_storage.h"
#include "tests/expect_error.h"
#include "tests/store/simulated_file_system.h"

namespace store {
namespace {

class PackOutputTest : public testing::Test {
 protected:
  PackOutputTest() {
    files_.make_directory("/store");
    upload_ = storage_.upload("packs");
  }

  tests::SimulatedFileSystem files_;
  base::Path directory_ = "/store/packs";
  DirectoryStorage storage_{files_, "/store"};
  std::unique_ptr<Upload> upload_;
};

TEST_F(PackOutputTest, WritesInOrderAndHashesAll) {
  base::Bytes all;
  Sha256 digest;
  {
    PackOutput output(*upload_);
    for (std::size_t piece = 0; piece < 300; ++piece) {
      const base::Bytes bytes(piece, static_cast<std::byte>(piece));
      all.insert(all.end(), bytes.begin(), bytes.end());
      output.write(bytes);
    }
    digest = output.finish();
  }
  EXPECT_EQ(digest, sha256(all));
  upload_->publish("pack");
  EXPECT_EQ(files_.files_below(directory_).at(directory_ / "pack"), all);
}

TEST_F(PackOutputTest, ReportsAnErrorAndWritesNothingAfterIt) {
  PackOutput output(*upload_);
  const base::Bytes piece(100, std::byte{1});
  files_.fail_once_at(files_.operations() + 3, tests::Fault::kIo);  // the third piece
  const auto write_many = [&] {
    for (int i = 0; i < 20; ++i) output.write(piece);
  };
  EXPECT_ERROR(kIo, "write", write_many());
  EXPECT_ERROR(kIo, "write", output.write(piece));
  EXPECT_ERROR(kIo, "write", output.finish());
  EXPECT_EQ(files_.files_below(directory_).begin()->second.size(), 200U);
}

TEST_F(PackOutputTest, FinishWaitsForTheLastWriteAndReportsItsError) {
  PackOutput output(*upload_);
  files_.fail_once_at(files_.operations() + 1, tests::Fault::kNoSpace);
  output.write(base::Bytes(10, std::byte{1}));
  EXPECT_ERROR(kNoSpace, "write", output.finish());
}

}  // namespace
}  // namespace store
