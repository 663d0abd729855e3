#include "backupd/report/overdue_trees.h"

#include <gmock/gmock.h>

#include "base/clock.h"
#include "base/time_text.h"

namespace backupd {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

constexpr std::chrono::sys_seconds kNoon = std::chrono::sys_days(std::chrono::days(20'000));

store::TreeRecord tree(const std::string& name, std::chrono::sys_seconds expires) {
  store::TreeRecord record;
  record.account = "al\x1bice";
  record.name = name;
  record.expires = expires;
  return record;
}

TEST(OverdueTreesTest, TheAlarmIsRaisedAfterTwoHours) {
  const std::vector<store::TreeRecord> trees = {
      tree("later", kNoon + hours(1)), tree("b", kNoon - hours(1)), tree("a", kNoon - hours(2))};
  const auto overdue = overdue_trees(trees, kNoon);
  ASSERT_EQ(overdue.size(), 2U);
  EXPECT_EQ(overdue[0].name, "a");
  EXPECT_EQ(overdue_alarm(trees, {}, kNoon - hours(1)), "");
  const std::string alarm = overdue_alarm(trees, {}, kNoon);
  EXPECT_THAT(alarm, HasSubstr("a restored tree should be gone and is still there (a of "));
  EXPECT_THAT(alarm,
              HasSubstr(": no sweep has run yet: run `mailstow-restore sweep`: it deletes what is "
                        "overdue, or reports why not"));
  EXPECT_EQ(alarm.find('\x1b'), std::string::npos);
  EXPECT_THAT(overdue_alarm(trees, {kNoon, 1, true}, kNoon + hours(1)),
              HasSubstr("2 restored trees should be gone and are still there (the first: a of "));
}

// A dry run sends no DELETE: the alarm itself must have the server's reason.
TEST(OverdueTreesTest, TheAlarmHasTheReasonOfTheLastSweep) {
  std::vector<store::TreeRecord> trees = {tree("a", kNoon - hours(4)), tree("b", kNoon - hours(3))};
  trees[0].id = "01";
  trees[1].id = "02";
  const base::LastSweep sweep{kNoon, 3, true, {{"02", "alice: b: DELETE: Permission denied"}}};
  EXPECT_THAT(overdue_alarm(trees, sweep, kNoon),
              HasSubstr("ended with status 3: it reported: alice: b: DELETE: Permission denied"));
  EXPECT_THAT(overdue_alarm(std::span(trees).first(1), sweep, kNoon),
              HasSubstr("run `mailstow-restore sweep`"))
      << "it became due since";
}

TEST(OverdueTreesTest, ATreeOfTheFutureRaisesTheAlarmUnlessSweepsCorrectIt) {
  std::vector<store::TreeRecord> trees = {tree("a", kNoon + hours(9'000))};
  trees[0].created = kNoon + base::kClockSlack;
  EXPECT_EQ(overdue_alarm(trees, {}, kNoon), "");
  trees[0].created += std::chrono::seconds(1);
  const std::string alarm = overdue_alarm(trees, {}, kNoon);
  EXPECT_THAT(alarm, HasSubstr("a restored tree is dated in the future"));
  EXPECT_EQ(alarm.find('\x1b'), std::string::npos);
  EXPECT_THAT(overdue_alarm(trees, {kNoon + hours(8'000), 0, false}, kNoon),
              HasSubstr("run `mailstow-restore sweep`"))
      << "a sweep of the future does not count";
  EXPECT_EQ(overdue_alarm(trees, {kNoon - hours(1), 0, true}, kNoon), "");
  EXPECT_EQ(misdated_trees(trees, {}, kNoon).size(), 1U);
  EXPECT_EQ(overdue_trees(trees, kNoon).size(), 0U);
}

TEST(OverdueTreesTest, TheAlarmHasOneTimeZone) {
  base::show_times_in("Europe/Oslo");
  const std::string alarm =
      overdue_alarm(std::vector{tree("a", kNoon - hours(3))}, {kNoon, 1, true}, kNoon);
  base::show_times_in("UTC");
  EXPECT_THAT(alarm, HasSubstr("expired at 2024-10-03T23:00:00+02:00"));
  EXPECT_THAT(alarm, HasSubstr("the last sweep was at 2024-10-04T02:00:00+02:00 and ended"));
}

}  // namespace
}  // namespace backupd
