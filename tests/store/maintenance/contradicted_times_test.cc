#include "store/maintenance/contradicted_times.h"

#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace store {
namespace {

// Made in this order, on these days.
std::vector<SnapshotInfo> made_in_order(const std::vector<int>& dates) {
  std::vector<SnapshotInfo> snapshots(dates.size());
  for (std::size_t at = 0; at < dates.size(); ++at) {
    snapshots[at].time = std::chrono::sys_days(std::chrono::days(dates[at]));
    snapshots[at].sequence = at + 1;
  }
  return snapshots;
}

std::chrono::sys_seconds midnight_of(int number) {
  return std::chrono::sys_days(std::chrono::days(number));
}

TEST(ContradictedTimesTest, TimesThatFollowTheOrderContradictNothing) {
  for (const auto& found : find_contradictions(made_in_order({1, 2, 2, 9}))) EXPECT_FALSE(found);
  EXPECT_TRUE(find_contradictions({}).empty());
}

// Most of them have the wrong clock.
TEST(ContradictedTimesTest, NightsWithAClockThatWasBehindAreThoseOfTheNightsBetween) {
  const auto found = find_contradictions(made_in_order({400, 40, 41, 43, 405, 406}));
  for (const std::size_t right : {0U, 4U, 5U}) EXPECT_FALSE(found[right]);
  for (const std::size_t wrong : {1U, 2U, 3U}) {
    ASSERT_TRUE(found[wrong]);
    EXPECT_EQ(found[wrong]->next, 4U);
    EXPECT_EQ(found[wrong]->first, 1U);
  }
  EXPECT_EQ(found[1]->shifted, midnight_of(400));
  EXPECT_EQ(found[2]->shifted, midnight_of(401));
  EXPECT_EQ(found[3]->shifted, midnight_of(403));
}

TEST(ContradictedTimesTest, WhileNoneFollowsThereIsNoNextOne) {
  const auto found = find_contradictions(made_in_order({400, 40}));
  ASSERT_TRUE(found[1]);
  EXPECT_FALSE(found[1]->next);
}

TEST(ContradictedTimesTest, AClockMayGoBackTwice) {
  const auto found = find_contradictions(made_in_order({400, 100, 101, 10, 12, 400}));
  EXPECT_EQ(found[3]->first, 3U);
  EXPECT_EQ(found[3]->shifted, midnight_of(401));
  EXPECT_EQ(found[4]->shifted, midnight_of(403));
  EXPECT_EQ(found[2]->first, 1U);
  EXPECT_FALSE(found[5]) << "an equal time follows the order";
}

// Those that it names, and again those that they name.
void add_with_witnesses(std::size_t at, const std::vector<std::optional<Contradiction>>& found,
                        std::vector<bool>& is_kept) {
  if (is_kept[at]) return;
  is_kept[at] = true;
  if (!found[at]) return;
  if (found[at]->next) add_with_witnesses(*found[at]->next, found, is_kept);
  add_with_witnesses(found[at]->first, found, is_kept);
  add_with_witnesses(found[at]->first - 1, found, is_kept);
}

RC_GTEST_PROP(ContradictedTimesProperty, WhatIsNamedIsEnough, ()) {
  const auto dates = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 30));
  const std::vector<SnapshotInfo> all = made_in_order(dates);
  const auto found = find_contradictions(all);
  std::vector<bool> is_kept(all.size());
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (*rc::gen::inRange(0, 3) == 0) add_with_witnesses(at, found, is_kept);
  }
  std::vector<SnapshotInfo> kept;
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (is_kept[at]) kept.push_back(all[at]);
  }
  const auto again = find_contradictions(kept);
  for (std::size_t at = 0; at < kept.size(); ++at) {
    const auto& before = found[kept[at].sequence - 1];
    RC_ASSERT(again[at].has_value() == before.has_value());
    if (!before) continue;
    RC_ASSERT(again[at]->shifted == before->shifted);
    RC_ASSERT(again[at]->next.has_value() == before->next.has_value());
    if (before->next) RC_ASSERT(kept[*again[at]->next].sequence == *before->next + 1);
  }
}

}  // namespace
}  // namespace store
