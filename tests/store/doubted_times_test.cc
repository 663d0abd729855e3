#include "store/doubted_times.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <tuple>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "tests/processor_time.h"

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

TEST(DoubtedTimesTest, DoubtsOnlyTheWrongNight) {
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

// `order`: days, as for doubts_of().
std::vector<SnapshotInfo> made_on(const std::vector<int>& order) {
  constexpr std::chrono::sys_seconds kStart{std::chrono::seconds(1'800'000'000)};
  std::vector<SnapshotInfo> snapshots;
  for (const int day : order) {
    snapshots.emplace_back().time = kStart + std::chrono::days(day);
    snapshots.back().sequence = snapshots.size();
  }
  return snapshots;
}

std::vector<int> likely_days(const std::vector<int>& order) {
  const std::vector<SnapshotInfo> zero = made_on({0, 100});
  std::vector<int> found;
  for (const std::chrono::sys_seconds time : likely_times(made_on(order), zero[1].time)) {
    found.push_back(static_cast<int>(
        std::chrono::duration_cast<std::chrono::days>(time - zero[0].time).count()));
  }
  return found;
}

TEST(LikelyTimesTest, ADoubtedTimeIsReplacedByThatOfTheOneBefore) {
  EXPECT_THAT(likely_days({}), IsEmpty());
  EXPECT_THAT(likely_days({1, 2, 2, 50}), ElementsAre(1, 2, 2, 50));
  EXPECT_THAT(likely_days({1, 2, 60, 3, 4}), ElementsAre(1, 2, 2, 3, 4));
  EXPECT_THAT(likely_days({50, 51, 3, 52}), ElementsAre(50, 51, 51, 52));
  EXPECT_THAT(likely_days({300, 1, 2}), ElementsAre(1, 1, 2)) << "the first after it";
  EXPECT_THAT(likely_days({300, 200}), ElementsAre(100, 100)) << "now";
}

TEST(LatestCertainTimeTest, CountsWhatIsNotDoubtedUpToTheSequenceNumber) {
  const auto latest = [](const std::vector<int>& order, std::uint64_t sequence) {
    const std::vector<SnapshotInfo> zero = made_on({0, 100});
    const auto time = latest_certain_time(made_on(order), sequence, zero[1].time);
    if (!time) return -1;
    return static_cast<int>(
        std::chrono::duration_cast<std::chrono::days>(*time - zero[0].time).count());
  };
  EXPECT_EQ(latest({}, 9), -1);
  EXPECT_EQ(latest({300}, 9), -1);
  EXPECT_EQ(latest({50, 51, 3, 52}, 4), 52);
  EXPECT_EQ(latest({50, 51, 3, 52}, 3), 51) << "the third is doubted";
  EXPECT_EQ(latest({50, 51, 3}, 3), 51);
  EXPECT_EQ(latest({50, 51, 3}, 1), 50);
}

TEST(ConfirmsTimeTest, SnapshotsLeadUpToNowAndNoneIsInTheFuture) {
  const auto confirms = [](const std::vector<int>& order) {
    return confirms_time(made_on(order), made_on({100}).front().time);
  };
  EXPECT_FALSE(confirms({}));
  EXPECT_TRUE(confirms({98, 100}));
  EXPECT_TRUE(confirms({99, 10, 97})) << "of several accounts";
  EXPECT_TRUE(confirms({98}));
  EXPECT_FALSE(confirms({99, 100})) << "a clock that is behind may have dated all of them";
  EXPECT_FALSE(confirms({50, 99, 100}));
  EXPECT_FALSE(confirms({96, 97}));
  EXPECT_FALSE(confirms({97, 98, 99, 100, 101}));
}

// By trying every subset: the positions that are not doubted.
std::uint32_t trusted_by_trial(const std::vector<int>& order) {
  using Rating = std::tuple<int, int>;  // how many are trusted, and how close together they are
  Rating best{};
  std::uint32_t trusted = 0;
  for (std::uint32_t subset = 1; subset < 1U << order.size(); ++subset) {
    std::vector<int> kept;
    for (std::size_t i = 0; i < order.size(); ++i) {
      if ((subset >> i & 1U) != 0) kept.push_back(order[i]);
    }
    if (!std::ranges::is_sorted(kept) || kept.back() > 100) continue;
    const Rating rating{std::popcount(subset), kept.front() - kept.back()};
    if (trusted != 0 && rating <= best) continue;
    best = rating;
    trusted = subset;
  }
  return trusted;
}

RC_GTEST_PROP(DoubtedTimesProperty, AsFewAsPossibleAndTheOthersCloseTogether, ()) {
  const auto order = *rc::gen::resize(
      9, rc::gen::container<std::vector<int>>(rc::gen::element(1, 2, 3, 10, 11, 12, 50, 99, 300)));
  RC_PRE(order.size() <= 10);
  const std::vector<bool> doubted = doubts_of(order);
  std::vector<int> trusted;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!doubted[i]) trusted.push_back(order[i]);
  }
  RC_ASSERT(std::ranges::is_sorted(trusted));
  const std::uint32_t expected = trusted_by_trial(order);
  RC_ASSERT(static_cast<int>(trusted.size()) == std::popcount(expected));
  if (trusted.empty()) return;
  std::vector<int> tried;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if ((expected >> i & 1U) != 0) tried.push_back(order[i]);
  }
  RC_ASSERT(trusted.back() - trusted.front() == tried.back() - tried.front());
}

RC_GTEST_PROP(LikelyTimesProperty, TheyFollowTheOrderAndKeepWhatIsNotDoubted, ()) {
  const auto order =
      *rc::gen::container<std::vector<int>>(rc::gen::element(1, 2, 3, 10, 11, 12, 50, 99, 300));
  const std::vector<bool> doubted = doubts_of(order);
  const std::vector<int> likely = likely_days(order);
  RC_ASSERT(likely.size() == order.size());
  RC_ASSERT(std::ranges::is_sorted(likely));
  for (std::size_t i = 0; i < order.size(); ++i) {
    RC_ASSERT(doubted[i] || likely[i] == order[i]);
  }
}

// A comparison of each with all others would take a minute.
TEST(DoubtedTimesTest, ManySnapshotsAfterAWrongNightTakeNoLongTime) {
  constexpr std::size_t kCount = 150'000;
  constexpr std::chrono::sys_seconds kStart{std::chrono::seconds(1'800'000'000)};
  std::vector<SnapshotInfo> snapshots(kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    snapshots[i].time = kStart + std::chrono::minutes(i);
  }
  snapshots[1].time = kStart + std::chrono::minutes(kCount);
  const auto begin = tests::processor_time();
  const std::vector<bool> doubted = doubted_times(snapshots, kStart + std::chrono::days(1'000));
  EXPECT_LT(tests::processor_time() - begin, std::chrono::seconds(5));
  EXPECT_EQ(std::ranges::count(doubted, true), 1);
  EXPECT_TRUE(doubted[1]);
}

}  // namespace
}  // namespace store
