#include "base/local_disk.h"

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace base {
namespace {

TEST(LocalDiskTest, TemporaryDirectoriesAreLocalAndOtherFileSystemsAreNot) {
  const tests::TemporaryDirectory directory;
  EXPECT_TRUE(is_on_local_disk(directory.path()));
  EXPECT_FALSE(is_on_local_disk("/proc"));
  EXPECT_FALSE(is_on_local_disk(directory.path() / "absent"));
}

}  // namespace
}  // namespace base
