// The retention of snapshots that a wrong clock dated.
#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/store/maintenance/planned_retention.h"

namespace store {
namespace {

using std::chrono::days;
using std::chrono::sys_seconds;
using testing::ElementsAre;

// The snapshots of one account, which are made in the order of these calls. Days count from the
// first; one in 1970 is that of a clock that was behind.
class Nights {
 public:
  Nights& backup(int day) { return add(day, SnapshotKind::kBackup); }
  Nights& rescue(int day) { return add(day, SnapshotKind::kRescue); }
  Nights& backups(int first, int last) {
    for (int day = first; day <= last; ++day) backup(day);
    return *this;
  }

  // As after another account with so many snapshots was forgotten.
  Nights& skip(std::uint64_t sequences) {
    made_ += sequences;
    return *this;
  }

  // Drops what the rules drop, and returns which of the calls made the others, from 1.
  std::vector<std::uint64_t> prune(const RetentionRules& rules) {
    snapshots_ = kept_by(rules, snapshots_, time(10'000));
    std::vector<std::uint64_t> calls;
    for (const SnapshotInfo& snapshot : snapshots_) calls.push_back(snapshot.sequence);
    return calls;
  }

 private:
  static sys_seconds time(int day) { return std::chrono::sys_days(days(20'000 + day)); }

  Nights& add(int day, SnapshotKind kind) {
    SnapshotInfo& snapshot = snapshots_.emplace_back();
    snapshot.sequence = ++made_;
    snapshot.id.bytes[0] = static_cast<std::byte>(made_);
    snapshot.time = time(day);
    snapshot.kind = kind;
    return *this;
  }

  std::vector<SnapshotInfo> snapshots_;
  std::uint64_t made_ = 0;
};

RetentionRules keep_within_rule(days length) {
  RetentionRules rules = no_rules();
  rules.policy.keep_within = length;
  return rules;
}

RetentionRules keep_last_rule(unsigned count) {
  RetentionRules rules = no_rules();
  rules.policy.last = count;
  return rules;
}

RetentionRules daily_rule(unsigned count) {
  RetentionRules rules = no_rules();
  rules.policy.daily = count;
  return rules;
}

// Most of the snapshots have the wrong clock, so that the right one seems to be doubted.
TEST(WrongClockRetentionTest, NightsWithAClockThatWasBehindAreWithinTheNewest) {
  Nights nights;
  nights.backup(0).backups(-365, -362).backups(5, 6);
  EXPECT_THAT(nights.prune(keep_within_rule(days(30))), ElementsAre(1, 2, 3, 4, 5, 6, 7));
  nights.backups(33, 35);
  EXPECT_THAT(nights.prune(keep_within_rule(days(30))), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
      << "the sixth was made 30 days before";
  nights.backup(36);
  EXPECT_THAT(nights.prune(keep_within_rule(days(30))), ElementsAre(7, 8, 9, 10, 11));
}

TEST(WrongClockRetentionTest, APauseBeforeThemMakesThemNoOlder) {
  Nights nights;
  nights.backup(0).backups(-300, -299).backup(102);
  EXPECT_THAT(nights.prune(keep_within_rule(days(30))), ElementsAre(1, 2, 3, 4));
}

TEST(WrongClockRetentionTest, NightsWithAClockThatWasBehindAreDaysOfTheirOwn) {
  Nights nights;
  nights.backups(-9, 0).backups(-365, -362).backups(5, 6);
  // Those of the nights 1 to 4, the right ones of the days 0 and -1, as before, and -2 to -4.
  EXPECT_THAT(nights.prune(daily_rule(7)), ElementsAre(6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16));
  nights.backups(7, 13);
  EXPECT_THAT(nights.prune(daily_rule(7)), ElementsAre(17, 18, 19, 20, 21, 22, 23));
}

TEST(WrongClockRetentionTest, AWrongClockAddsNoMoreDaysThanTheRuleHas) {
  Nights nights;
  nights.backup(0).backups(-365, -266).backup(101);
  EXPECT_LE(nights.prune(daily_rule(7)).size(), 7U * 3 + 2);
}

// `last` drops the backup that shows that the clock went back.
TEST(WrongClockRetentionTest, WhatARescueSavedWithAClockThatWasBehindIsKeptForItsTime) {
  RetentionRules rules = keep_last_rule(1);
  rules.sweep_keep = days(90);
  Nights nights;
  nights.backup(0).rescue(-365).backup(1);
  EXPECT_THAT(nights.prune(rules), ElementsAre(1, 2, 3));
  for (int night = 2; night <= 91; ++night) {
    nights.backup(night);
    const std::vector<std::uint64_t> kept = nights.prune(rules);
    EXPECT_THAT(kept, testing::IsSupersetOf({1, 2, 3})) << night;
    EXPECT_EQ(kept.size(), 4U) << night;
  }
  nights.backup(92);
  EXPECT_EQ(nights.prune(rules).size(), 1U);
}

// `last` would drop the backups that show the gap, and with it the rescue at the second prune.
TEST(WrongClockRetentionTest, WhatARescueSavedStaysAtLeastTwoDaysAfterAGap) {
  RetentionRules rules = keep_last_rule(1);
  rules.sweep_keep = days(90);
  Nights nights;
  nights.backups(0, 1).rescue(1).backup(2);
  EXPECT_THAT(nights.prune(rules), ElementsAre(3, 4));
  nights.backup(367);
  EXPECT_THAT(nights.prune(rules), ElementsAre(3, 4, 5));
  nights.backup(368);
  EXPECT_THAT(nights.prune(rules), ElementsAre(3, 4, 5, 6));
  nights.backup(369);
  EXPECT_THAT(nights.prune(rules), ElementsAre(7));
}

TEST(WrongClockRetentionTest, AGapMayBeOneOfSequencesToo) {
  RetentionRules rules = keep_within_rule(days(30));
  Nights nights;
  nights.backups(0, 3).skip(800).backup(367);
  rules.used_up = 804;
  EXPECT_THAT(nights.prune(rules), ElementsAre(1, 2, 3, 4, 805));
  rules.used_up = 700;
  EXPECT_THAT(nights.prune(rules), ElementsAre(805))
      << "the others were dropped, if there were any";
}

TEST(WrongClockRetentionTest, ARescueStaysWhileTheClockIsBehind) {
  RetentionRules rules = keep_last_rule(1);
  Nights nights;
  nights.backup(0).rescue(-365).backup(-364);
  EXPECT_THAT(nights.prune(rules), ElementsAre(1, 2, 3));
}

// In most orders, so that many clocks go back and forth.
RC_GTEST_PROP(WrongClockRetentionProperty, ASecondPlanDropsNothing, ()) {
  Nights nights;
  for (int left = *rc::gen::inRange(0, 40), day = 0; left > 0; --left) {
    day = *rc::gen::oneOf(rc::gen::just(day + 1), rc::gen::inRange(0, 400));
    *rc::gen::inRange(0, 5) == 0 ? nights.rescue(day) : nights.backup(day);
  }
  RetentionRules rules = keep_within_rule(days(*rc::gen::inRange(0, 60)));
  rules.sweep_keep = days(*rc::gen::inRange(0, 100));
  rules.policy.last = *rc::gen::inRange(0U, 4U);
  const auto kept = nights.prune(rules);
  RC_ASSERT(nights.prune(rules) == kept);
}

}  // namespace
}  // namespace store
