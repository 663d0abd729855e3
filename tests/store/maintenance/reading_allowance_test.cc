#include "store/maintenance/reading_allowance.h"

#include <gtest/gtest.h>

namespace store {
namespace {

TEST(ReadingAllowance, GrowsWithTheBytesRead) {
  constexpr std::uint64_t kAtFirst = 262'144;
  ReadingAllowance allowance;
  EXPECT_FALSE(allowance.take(kAtFirst + 1));
  EXPECT_TRUE(allowance.take(kAtFirst));
  EXPECT_FALSE(allowance.take(1));
  allowance.add_read(2'000'000);
  EXPECT_TRUE(allowance.take(99'999));
  EXPECT_TRUE(allowance.take(1));
  EXPECT_FALSE(allowance.take(1));
}

}  // namespace
}  // namespace store
