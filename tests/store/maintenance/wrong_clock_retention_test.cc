// The retention of snapshots that a wrong clock dated.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/ranges.h>
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
  Nights& partial_backup(int day) {
    backup(day).snapshots_.back().status = SnapshotStatus::kPartial;
    return *this;
  }
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

  // The sequence of the last call.
  std::uint64_t made() const { return made_; }

  // The verdict and the reasons of a plan for each snapshot that is left.
  std::vector<std::string> reasons(const RetentionRules& rules) const {
    std::vector<std::string> texts;
    for (const RetentionDecision& decision : plan_retention(snapshots_, rules, time(10'000))) {
      texts.push_back(fmt::format("{}: {}", decision.verdict == Verdict::kKeep ? "keep" : "drop",
                                  fmt::join(decision.reasons, "; ")));
    }
    return texts;
  }

  // Drops what the rules drop at midnight of a day, and returns which of the calls made the others,
  // from 1.
  std::vector<std::uint64_t> prune(const RetentionRules& rules, int today = 10'000) {
    snapshots_ = kept_by(rules, snapshots_, time(today));
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
    snapshot.id.bytes[1] = static_cast<std::byte>(made_ >> 8U);
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

TEST(WrongClockRetentionTest, SkippedSequencesBeforeARescueAreNoDroppedBackups) {
  RetentionRules rules = keep_within_rule(days(30));
  Nights nights;
  nights.backups(0, 3).skip(800).rescue(3).backup(367);
  rules.used_up = 804;
  EXPECT_THAT(nights.prune(rules), ElementsAre(1, 2, 3, 4, 805, 806));
  rules.used_up = 803;
  EXPECT_THAT(nights.prune(rules), ElementsAre(806)) << "the one with 804 was dropped";
}

// Backups that are not complete lie between the newest complete one before the gap and the gap.
TEST(WrongClockRetentionTest, WhatDurationsCountFromBeforeAGapIsKeptWithIt) {
  RetentionRules rules = no_rules();
  rules.sweep_keep = days(35);
  Nights nights;
  nights.rescue(0).backup(30).partial_backup(35).partial_backup(40).backup(45);
  EXPECT_THAT(
      nights.reasons(rules),
      ElementsAre("keep: rescued by a sweep, within 35d of the newest before a gap of 5d",
                  "keep: the newest complete one before a gap of 5d", "drop: no rule keeps it",
                  "keep: shows a gap of 5d: no backups were made, or the clock jumped",
                  "keep: newest complete snapshot, never dropped"));
  EXPECT_THAT(nights.prune(rules), ElementsAre(1, 2, 4, 5));
  EXPECT_THAT(nights.prune(rules), ElementsAre(1, 2, 4, 5));
}

TEST(WrongClockRetentionTest, AReasonNamesTheGapOnlyIfNothingElseKeepsTheSnapshot) {
  Nights nights;
  nights.backups(0, 3).backup(12);
  EXPECT_THAT(
      nights.reasons(keep_within_rule(days(10))),
      ElementsAre("keep: within 10d of the newest before a gap of 9d",
                  "keep: within 10d of the newest before a gap of 9d",
                  "keep: within 10d of the newest", "keep: within 10d of the newest",
                  "keep: newest complete snapshot, never dropped; within 10d of the newest"));
}

// There are about as many right nights as wrong ones, so what a plan drops would decide for the
// next one which of them were wrong: each night the same.
TEST(WrongClockRetentionTest, AnUnclearPastDoesNotKeepTheNightsSince) {
  const RetentionRules rules;  // those of the default configuration
  Nights nights;
  nights.backups(0, 35).rescue(35).backups(7, 34);
  const std::uint64_t unclear = nights.made() + 1;  // and the next one, which shows it
  for (int night = 64; night <= 200; ++night) {
    nights.backup(night);
    const std::vector<std::uint64_t> kept = nights.prune(rules);
    // The days, and the weeks and months before them.
    EXPECT_LE(std::ranges::count_if(kept, [&](auto call) { return call > unclear; }), 31 + 9 + 4)
        << night;
  }
  nights.backups(201, 207);
  const std::string text = "may show which times are those of a wrong clock";
  const std::vector<std::string> reasons = nights.reasons(rules);
  const auto is_for_clock = [&](const std::string& reason) {
    return reason.find(text) != std::string::npos;
  };
  EXPECT_GT(std::ranges::count_if(reasons, is_for_clock), 20) << "else this tests nothing";
  EXPECT_TRUE(std::none_of(reasons.end() - 31, reasons.end(), is_for_clock));
  EXPECT_THAT(reasons, testing::Contains("drop: no rule keeps it"));
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

// Times that are wrong for about as long as others are right are the hardest: a few snapshots more
// or less decide which of them are doubted.
RC_GTEST_PROP(WrongClockRetentionProperty, OnceTheClockIsRightThePlansDropAgain, ()) {
  constexpr int kWeeks = 4;
  const int within = *rc::gen::inRange(3, 9);
  RetentionRules rules = keep_within_rule(days(within));
  rules.policy.last = *rc::gen::inRange(0U, 4U);
  rules.policy.weekly = 24;
  rules.sweep_keep = days(*rc::gen::element(10, 90));
  const bool is_pruned_nightly = *rc::gen::arbitrary<bool>();
  Nights nights;
  int night = 0;
  int ahead = 0;
  for (int left = *rc::gen::inRange(1, 3); left > 0; --left) {
    const int wrong = *rc::gen::inRange(1, 13);
    const int right = wrong + *rc::gen::inRange(1, 9);
    const int offset =
        *rc::gen::oneOf(rc::gen::inRange(-wrong - 2, -wrong + 1), rc::gen::inRange(-40, 10));
    ahead = std::max(ahead, offset);
    const bool is_rescue = *rc::gen::inRange(0, 10) < 7;
    for (int made = 0; made < right + wrong; ++made, ++night) {
      const int day = night + (made < right ? 0 : offset);
      nights.backup(day);
      if (is_rescue && made == right - 1) nights.rescue(day);
      if (is_pruned_nightly) nights.prune(rules, day);
    }
  }
  const std::uint64_t before = nights.made();
  std::vector<std::uint64_t> kept;
  for (const int end = night + 7 * kWeeks; night < end; ++night) {
    kept = nights.backup(night).prune(rules, night);
    RC_ASSERT(nights.prune(rules, night) == kept);
  }
  const auto newest = std::ranges::find_if(kept, [&](auto call) { return call > before; });
  const auto since = static_cast<int>(kept.end() - newest);
  RC_ASSERT(since >= within + 1);
  // Five weeks may begin in that time, and the first night shows which times are wrong. Of a clock
  // that was ahead, so do the nights until its times have come.
  RC_ASSERT(since <= within + 1 + kWeeks + 3 + ahead);
  RC_ASSERT(kept[kept.size() - 1 - static_cast<std::size_t>(within)] ==
            nights.made() - static_cast<std::uint64_t>(within));
}

}  // namespace
}  // namespace store
