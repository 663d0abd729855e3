#include "backupd/report/lock_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace backupd {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using testing::HasSubstr;
using testing::StartsWith;

class LockStateTest : public testing::Test {
 protected:
  const sys_seconds now_{seconds(1'800'000'000)};
};

TEST_F(LockStateTest, AnExtensionIsOverdueAfterHalfOfTheTime) {
  EXPECT_EQ("", judge_locks(days(30), now_ - days(15), now_).alarm);
  EXPECT_THAT(judge_locks(days(30), now_ - days(15) - seconds(1), now_).alarm,
              StartsWith("object locks of 30 days were last extended "));
  EXPECT_THAT(judge_locks(days(30), std::nullopt, now_).alarm, HasSubstr("were never extended"));
}

TEST_F(LockStateTest, AnExtensionOfTheFutureCountsForNothing) {
  EXPECT_EQ("", judge_locks(days(30), now_ + base::kClockSlack, now_).alarm);
  EXPECT_THAT(judge_locks(days(30), now_ + days(365), now_).alarm, HasSubstr("in the future"));
}

TEST_F(LockStateTest, AStoreWithoutLocksHasNoAlarm) {
  const LockState none = judge_locks(std::nullopt, std::nullopt, now_);
  EXPECT_EQ("", none.alarm);
  EXPECT_TRUE(to_json(none).is_null());
  EXPECT_EQ("", to_text(none));
}

TEST_F(LockStateTest, IsShown) {
  const LockState state =
      judge_locks(days(30), sys_seconds(days(20'800)), sys_seconds(days(20'801)));
  EXPECT_EQ(R"({"days":30,"last_extended":"2026-12-13T00:00:00Z","alarm":null})",
            to_json(state).dump());
  EXPECT_THAT(to_text(state), StartsWith("Object locks of 30 days, last extended 2026-12-13T"));
  EXPECT_THAT(to_text(judge_locks(days(30), std::nullopt, now_)),
              StartsWith("ALARM: object locks"));
}

}  // namespace
}  // namespace backupd
