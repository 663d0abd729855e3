#include "base/back_off.h"

#include <set>

#include <gtest/gtest.h>

namespace base {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(BackOffTest, EachPauseIsAboutTwiceTheOneBefore) {
  BackOff back_off(minutes(60), 1);
  BackOff::Steady::time_point now;
  milliseconds whole(500);
  for (int failure = 0; failure < 12; ++failure) {
    const auto pause = back_off.next(now, std::nullopt);
    ASSERT_TRUE(pause);
    EXPECT_GE(*pause, whole / 2);
    EXPECT_LE(*pause, whole);
    now += *pause;
    whole = std::min<milliseconds>(whole * 2, minutes(1));
  }
}

TEST(BackOffTest, ClientsThatFailTogetherDoNotRetryTogether) {
  std::set<milliseconds> pauses;
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    pauses.insert(BackOff(minutes(5), seed).next({}, std::nullopt).value());
  }
  EXPECT_GT(pauses.size(), 20U);
}

TEST(BackOffTest, WaitsAsLongAsTheServerAsks) {
  BackOff back_off(minutes(5), 1);
  const auto pause = back_off.next({}, milliseconds(9'000));
  ASSERT_TRUE(pause);
  EXPECT_GE(*pause, milliseconds(9'000));
  EXPECT_LE(*pause, milliseconds(9'500));
  EXPECT_FALSE(back_off.next({}, minutes(5))) << "longer than the limit allows";
}

TEST(BackOffTest, GivesUpIfNothingNewArrivesForTooLong) {
  BackOff back_off(minutes(5), 1);
  BackOff::Steady::time_point now;
  const auto begin = now;
  while (const auto pause = back_off.next(now, std::nullopt)) now += *pause;
  EXPECT_GT(now - begin, minutes(3));
  EXPECT_LE(now - begin, minutes(5));
  back_off.reset();
  EXPECT_LE(back_off.next(now, std::nullopt).value(), milliseconds(500));
}

TEST(BackOffTest, WithALimitOfZeroNeverRetries) {
  EXPECT_FALSE(BackOff(milliseconds(0), 1).next({}, std::nullopt));
}

}  // namespace
}  // namespace base
