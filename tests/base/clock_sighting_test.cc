#include "base/clock_sighting.h"

#include <gtest/gtest.h>

#include "tests/standing_clock.h"

namespace base {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;

// A clock that can be set.
class SetClock : public tests::StandingClock {
 public:
  TimePoint now() const override { return StandingClock::now() + ahead; }

  milliseconds ahead{0};
};

TEST(UnsettableClockTest, RunsOnWhateverTheOtherClockIsSetTo) {
  SetClock clock;
  clock.ahead = days(20'000);
  const UnsettableClock kept(clock);
  const TimePoint begin = clock.now();
  EXPECT_EQ(kept.now(), begin);
  for (const milliseconds jump : {milliseconds(days(365)), milliseconds(days(-365))}) {
    clock.ahead = days(20'000) + jump;
    EXPECT_EQ(kept.now(), begin);
  }
  clock.elapsed += hours(3);
  EXPECT_EQ(kept.now(), begin + hours(3));
  EXPECT_EQ(see_clock(kept).since_start, see_clock(clock).since_start);
}

TEST(UnsettableClockTest, SleepsLikeTheOtherClock) {
  SetClock clock;
  UnsettableClock kept(clock);
  kept.sleep_for(hours(1));
  EXPECT_EQ(clock.elapsed, hours(1));
}

}  // namespace
}  // namespace base
