#include "store/clock_state.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace store {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_seconds;
using testing::Each;
using testing::ElementsAre;

constexpr sys_seconds kToday = std::chrono::sys_days(std::chrono::year(2026) / 11 / 29);

// The machine has been running for long, and its clock is ahead by this much.
base::ClockSighting sighted(sys_seconds right, std::chrono::seconds ahead = {}) {
  return {.time = right + ahead, .since_start = right - (kToday - days(1'000)), .start = "one"};
}

ClockState state_at(const base::ClockSighting& now, const ClockMemory& memory,
                    std::optional<sys_seconds> recorded = {}) {
  return clock_state(now, {.backup = recorded}, memory, "prune");
}

// Snapshots of a day each, from kToday on.
std::vector<TimeDoubt> doubts_about(const std::vector<int>& order, const ClockState& clock) {
  std::vector<SnapshotInfo> snapshots;
  for (const int day : order) {
    snapshots.emplace_back().time = kToday + days(day);
    snapshots.back().sequence = snapshots.size();
  }
  return time_doubts(snapshots, clock);
}

TEST(ClockStateTest, AClockThatNothingContradictsIsNotDoubted) {
  EXPECT_EQ(state_at(sighted(kToday), {}).doubt, "");
  EXPECT_EQ(state_at(sighted(kToday), {.last = kToday - hours(1)}, kToday - days(1)).doubt, "");
}

TEST(ClockStateTest, APauseIsNoDoubtUntilOneHasBegun) {
  const ClockMemory memory{.last = kToday - days(7)};
  EXPECT_EQ(state_at(sighted(kToday), memory, kToday - days(7)).doubt, "");
  ClockMemory begun = memory;
  begun.doubted = sighted(kToday - minutes(10));
  EXPECT_NE(state_at(sighted(kToday), begun, kToday - days(7)).doubt, "");
  EXPECT_EQ(state_at(sighted(kToday + hours(2)), begun, kToday - days(7)).doubt, "") << "it ran on";
  EXPECT_EQ(state_at(sighted(kToday + days(40)), begun).doubt, "")
      << "nothing that deletes has run since";
}

// The first backup of all was made with the clock ahead, and nothing that deletes has run since.
TEST(ClockStateTest, BackupsThatGoOnEndTheDoubtAboutAClockThatIsBehindAWrongTime) {
  const ClockMemory memory{.last = kToday + days(365), .doubted = sighted(kToday)};
  const sys_seconds now = kToday + days(36);
  EXPECT_NE(state_at(sighted(kToday + minutes(30)), memory, kToday).doubt, "");
  EXPECT_EQ(state_at(sighted(now), memory, now - hours(10)).doubt, "");
  EXPECT_NE(state_at(sighted(now), memory, now - days(5)).doubt, "") << "no backup goes on";
  EXPECT_NE(state_at(sighted(now), memory, kToday + days(366)).doubt, "");
  EXPECT_NE(state_at(sighted(now), memory).doubt, "");
}

TEST(ClockStateTest, AJumpSinceTheClockWasTrustedIsADoubt) {
  const ClockMemory memory{.last = kToday, .trusted = sighted(kToday)};
  EXPECT_NE(state_at(sighted(kToday + hours(1), days(365)), memory).doubt, "");
  EXPECT_EQ(state_at(sighted(kToday + hours(1)), memory).doubt, "");
}

TEST(ClockStateTest, SnapshotsSinceAJumpAheadAreDoubtedWhileTheClockIs) {
  const ClockMemory memory{.last = kToday + days(2),
                           .doubted = sighted(kToday + days(3), days(365)),
                           .ahead_since = kToday + days(368)};
  const ClockState ahead = state_at(sighted(kToday + days(3) + minutes(5), days(365)), memory);
  EXPECT_NE(ahead.doubt, "");
  EXPECT_THAT(doubts_about({1, 2, 368}, ahead),
              ElementsAre(TimeDoubt::kNone, TimeDoubt::kNone, TimeDoubt::kMayBeAhead));
  EXPECT_THAT(
      doubts_about({1, 2, 368}, state_at(sighted(kToday + days(3) + hours(2), days(365)), memory)),
      Each(TimeDoubt::kNone))
      << "the clock ran on for an hour";
}

TEST(ClockStateTest, AClockThatJumpsAgainAfterAnOldDoubtIsNotAPause) {
  const ClockMemory memory{.last = kToday + days(2),
                           .doubted = sighted(kToday + days(3), days(365)),
                           .ahead_since = kToday + days(368)};
  const ClockState ahead =
      state_at(sighted(kToday + days(4), days(365 + 50)), memory, kToday + days(2));
  EXPECT_NE(ahead.doubt, "");
  EXPECT_THAT(doubts_about({1, 2, 368, 419}, ahead),
              ElementsAre(TimeDoubt::kNone, TimeDoubt::kNone, TimeDoubt::kMayBeAhead,
                          TimeDoubt::kMayBeAhead));
}

TEST(ClockStateTest, WhileTheClockIsBehindTheRightSnapshotsAreNotDoubted) {
  const ClockMemory memory{.last = kToday + days(3)};
  const ClockState behind = state_at(sighted(kToday + days(4), days(-365)), memory);
  EXPECT_NE(behind.doubt, "");
  const auto found = doubts_about({1, 2, 3, 4, -361}, behind);
  EXPECT_THAT(found, ElementsAre(TimeDoubt::kLater, TimeDoubt::kLater, TimeDoubt::kLater,
                                 TimeDoubt::kLater, TimeDoubt::kWasBehind));
  EXPECT_FALSE(is_doubted(found.front()));
  EXPECT_TRUE(is_doubted(found.back()));
}

TEST(ClockStateTest, WithoutAMemoryTheFutureIsUnclearForTwoDays) {
  const ClockState now = state_at(sighted(kToday + days(4)), {});
  EXPECT_THAT(doubts_about({1, 2, 369}, now),
              ElementsAre(TimeDoubt::kNone, TimeDoubt::kNone, TimeDoubt::kEitherWrong));
  EXPECT_THAT(doubts_about({1, 369, 3}, now),
              ElementsAre(TimeDoubt::kNone, TimeDoubt::kEitherWrong, TimeDoubt::kNone));
  EXPECT_THAT(doubts_about({1, 369, 2}, now),
              ElementsAre(TimeDoubt::kNone, TimeDoubt::kWasAhead, TimeDoubt::kNone));
}

TEST(ClockStateTest, TheOrderShowsWhichClockWasWrongBefore) {
  const ClockState now = state_at(sighted(kToday + days(400)), {});
  EXPECT_THAT(
      doubts_about({1, 2, -363, 4}, now),
      ElementsAre(TimeDoubt::kNone, TimeDoubt::kNone, TimeDoubt::kWasBehind, TimeDoubt::kNone));
  EXPECT_THAT(doubts_about({1, 2, 368, 4, 5}, now),
              ElementsAre(TimeDoubt::kNone, TimeDoubt::kNone, TimeDoubt::kWasAhead,
                          TimeDoubt::kNone, TimeDoubt::kNone))
      << "also once that time has come";
}

TEST(ClockStateTest, EachDoubtHasAMark) {
  EXPECT_EQ(mark_of(TimeDoubt::kNone), "");
  for (const TimeDoubt doubt : {TimeDoubt::kWasAhead, TimeDoubt::kWasBehind, TimeDoubt::kMayBeAhead,
                                TimeDoubt::kEitherWrong, TimeDoubt::kLater}) {
    EXPECT_THAT(std::string(mark_of(doubt)), testing::HasSubstr("the clock"));
  }
}

}  // namespace
}  // namespace store
