#include "base/exit_status.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(ExitStatusTest, TheGraverOfTwoIsReported) {
  // README, "Exit status": 2, 5, 4, 6, 1, 3, 0.
  const int order[] = {2, 5, 4, 6, 1, 3, 0};
  for (std::size_t a = 0; a < std::size(order); ++a) {
    for (std::size_t b = 0; b < std::size(order); ++b) {
      EXPECT_EQ(static_cast<int>(more_severe(ExitStatus{order[a]}, ExitStatus{order[b]})),
                order[std::min(a, b)]);
    }
  }
}

TEST(ExitStatusTest, EveryKindOfErrorMapsToAStatus) {
  EXPECT_EQ(exit_status(ErrorCode::kConfig), ExitStatus::kUsage);
  EXPECT_EQ(exit_status(ErrorCode::kKey), ExitStatus::kUsage);
  EXPECT_EQ(exit_status(ErrorCode::kLogin), ExitStatus::kNothingDone);
  EXPECT_EQ(exit_status(ErrorCode::kNoSpace), ExitStatus::kNothingDone);
  EXPECT_EQ(exit_status(ErrorCode::kStorage), ExitStatus::kNothingDone);
  EXPECT_EQ(exit_status(ErrorCode::kBusy), ExitStatus::kBusy);
  EXPECT_EQ(exit_status(ErrorCode::kDamaged), ExitStatus::kDamaged);
  EXPECT_EQ(exit_status(ErrorCode::kCountsTowardsQuota), ExitStatus::kCountsTowardsQuota);
}

}  // namespace
}  // namespace base
