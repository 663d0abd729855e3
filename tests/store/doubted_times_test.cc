#include "store/doubted_times.h"

#include <gmock/gmock.h>

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Days, in the order in which the snapshots were made; this is day 100.
std::vector<bool> doubts_of(const std::vector<int>& order) {
  constexpr std::chrono::sys_seconds kStart{std::chrono::seconds(1'800'000'000)};
  std::vector<SnapshotInfo> snapshots;
  for (const int day : order) {
    snapshots.emplace_back().time = kStart + std::chrono::days(day);
  }
  return doubted_times(snapshots, kStart + std::chrono::days(100));
}

TEST(DoubtedTimesTest, TimesInOrderAreNotDoubted) {
  EXPECT_THAT(doubts_of({}), IsEmpty());
  EXPECT_THAT(doubts_of({1, 2, 2, 50}), ElementsAre(false, false, false, false));
}

TEST(DoubtedTimesTest, AWrongNightIsDoubtedAndNotTheOthers) {
  EXPECT_THAT(doubts_of({1, 2, 60, 3, 4}), ElementsAre(false, false, true, false, false));
  EXPECT_THAT(doubts_of({50, 51, 3, 52}), ElementsAre(false, false, true, false));
  EXPECT_THAT(doubts_of({50, 51, 3, 4, 52, 53}),
              ElementsAre(false, false, true, true, false, false));
}

TEST(DoubtedTimesTest, TheFutureIsAlwaysDoubted) {
  EXPECT_THAT(doubts_of({300}), ElementsAre(true));
  EXPECT_THAT(doubts_of({1, 300, 2}), ElementsAre(false, true, false));
  EXPECT_THAT(doubts_of({300, 301, 302, 2}), ElementsAre(true, true, true, false));
}

TEST(DoubtedTimesTest, OfTwoThatMayBeWrongTheOneFarFromTheOthersIsDoubted) {
  EXPECT_THAT(doubts_of({2, 90, 3}), ElementsAre(false, true, false));
  EXPECT_THAT(doubts_of({50, 3, 52}), ElementsAre(false, true, false));
}

TEST(DoubtedTimesTest, OfTwoThatContradictEachOtherTheLaterIsDoubted) {
  EXPECT_THAT(doubts_of({50, 3}), ElementsAre(false, true));
}

}  // namespace
}  // namespace store
