#include "store/pack_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/expect_error.h"
#include "tests/store/simulated_file_system.h"

namespace store {
namespace {

class PackOutputTest : public testing::Test {
 protected:
  PackOutputTest() { files_.make_directory(directory_); }

  tests::SimulatedFileSystem files_;
  base::Path directory_ = "/packs";
};

TEST_F(PackOutputTest, WritesInOrderAndHashesAll) {
  base::AtomicFile file(files_, directory_);
  base::Bytes all;
  Sha256 digest;
  {
    PackOutput output(file);
    for (std::size_t piece = 0; piece < 300; ++piece) {
      const base::Bytes bytes(piece, static_cast<std::byte>(piece));
      all.insert(all.end(), bytes.begin(), bytes.end());
      output.write(bytes);
    }
    digest = output.finish();
  }
  EXPECT_EQ(digest, sha256(all));
  file.commit("pack", base::OnExisting::kFail);
  EXPECT_EQ(files_.files_below(directory_).at(directory_ / "pack"), all);
}

TEST_F(PackOutputTest, ReportsAnErrorAndWritesNothingAfterIt) {
  base::AtomicFile file(files_, directory_);
  PackOutput output(file);
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
  base::AtomicFile file(files_, directory_);
  PackOutput output(file);
  files_.fail_once_at(files_.operations() + 1, tests::Fault::kNoSpace);
  output.write(base::Bytes(10, std::byte{1}));
  EXPECT_ERROR(kNoSpace, "write", output.finish());
}

}  // namespace
}  // namespace store
