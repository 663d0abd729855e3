#include "backupd/report/shared_alarms.h"

#include <gmock/gmock.h>

namespace backupd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

AccountAlarm raised(const std::string& account, const std::string& text,
                    AlarmKind kind = AlarmKind::kStale) {
  return {.account = account, .alarm = {.kind = kind, .text = text}};
}

TEST(SharedAlarmsTest, AlarmsWithOneTextAreOne) {
  const std::vector<AccountAlarm> alarms = {raised("alice", "never"), raised("bob", "since June"),
                                            raised("carol", "never"),
                                            raised("dave", "never", AlarmKind::kNoProgress)};
  const auto shared = shared_alarms(alarms, 10);
  ASSERT_EQ(shared.size(), 3U);
  EXPECT_EQ(shared[0].text, "never");
  EXPECT_THAT(shared[0].accounts, ElementsAre("alice", "carol"));
  EXPECT_THAT(shared[1].accounts, ElementsAre("bob"));
  EXPECT_EQ(shared[2].kind, AlarmKind::kNoProgress);
  EXPECT_THAT(shared[2].accounts, ElementsAre("dave"));
}

TEST(SharedAlarmsTest, AccountsWithManyTextsAreCounted) {
  std::vector<AccountAlarm> alarms;
  for (int number = 0; number < 2'000; ++number) {
    alarms.push_back(raised("u" + std::to_string(number), "since " + std::to_string(number)));
  }
  alarms.push_back(raised("alice", "40 messages vanished", AlarmKind::kMassDeletion));
  const auto shared = shared_alarms(alarms, 5);
  ASSERT_EQ(shared.size(), 5U);
  EXPECT_EQ(shared[2].text, "since 2");
  EXPECT_EQ(shared[3].text, "40 messages vanished") << "other kinds are not pushed out";
  EXPECT_EQ(shared[4].accounts.size(), 1'997U);
  EXPECT_EQ(shared[4].kind, AlarmKind::kStale);
  EXPECT_THAT(shared[4].text, HasSubstr("status --json"));
}

TEST(SharedAlarmsTest, ALastTextIsShownInPlaceOfACount) {
  const std::vector<AccountAlarm> alarms = {
      raised("alice", "since May"), raised("bob", "since June"), raised("carol", "since July"),
      raised("dave", "since July")};
  const auto shared = shared_alarms(alarms, 3);
  ASSERT_EQ(shared.size(), 3U);
  EXPECT_EQ(shared[2].text, "since July");
  EXPECT_THAT(shared[2].accounts, ElementsAre("carol", "dave"));
  const auto fewer = shared_alarms(alarms, 2);
  ASSERT_EQ(fewer.size(), 2U);
  EXPECT_THAT(fewer[1].text, HasSubstr("status --json"));
  EXPECT_THAT(fewer[1].accounts, ElementsAre("bob", "carol", "dave"));
  const auto two = shared_alarms(std::span(alarms).first(2), 1);
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[1].text, "since June");
}

TEST(SharedAlarmsTest, EachKindHasTwoPlaces) {
  std::vector<AccountAlarm> alarms;
  for (const AlarmKind kind : kAlarmKinds) {
    for (int number = 0; number < 2'000; ++number) {
      alarms.push_back(raised("u" + std::to_string(number), std::to_string(number), kind));
    }
  }
  EXPECT_EQ(shared_alarms(alarms, 1).size(), 2 * kAlarmKinds.size());
  EXPECT_EQ(shared_alarms(alarms, 8).size(), 8U);
  EXPECT_EQ(shared_alarms(alarms, 11).size(), 8U) << "the same number of each kind";
  EXPECT_EQ(shared_alarms(alarms, 12).size(), 12U);
}

TEST(SharedAlarmsTest, WithoutAlarmsThereIsNothing) {
  EXPECT_TRUE(shared_alarms({}, 3).empty());
}

}  // namespace
}  // namespace backupd
