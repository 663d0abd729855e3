#include "imap/uid_set.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/processor_time.h"

namespace imap {
namespace {

using testing::ElementsAre;

UidSet parsed(std::string_view text) {
  const std::optional<UidSet> set = UidSet::parse(text);
  EXPECT_TRUE(set) << text;
  return set.value_or(UidSet{});
}

std::vector<std::uint32_t> listed(const UidSet& set) {
  std::vector<std::uint32_t> uids;
  for (const base::Uid uid : set) uids.push_back(uid.value);
  return uids;
}

TEST(UidSetTest, ReadsAndWritesRanges) {
  EXPECT_EQ(parsed("1:5,7").text(), "1:5,7");
  EXPECT_EQ(parsed("7,1:5").text(), "1:5,7");
  EXPECT_EQ(parsed("5:1").text(), "1:5");
  EXPECT_EQ(parsed("1,2,3").text(), "1:3");
  EXPECT_EQ(parsed("3:9,1:4,10").text(), "1:10");
  EXPECT_EQ(parsed("4294967295").text(), "4294967295");
  EXPECT_EQ(UidSet().text(), "");
}

TEST(UidSetTest, WritesAStarOnlyForAllMessages) {
  EXPECT_EQ(UidSet::all().text(), "1:*");
  EXPECT_EQ(parsed("1:*"), UidSet::all());
  // 9:* would include message 5 if that is the last one.
  EXPECT_EQ(parsed("9:*").text(), "9:4294967295");
}

TEST(UidSetTest, RejectsInvalidSets) {
  for (const char* text : {"", "0", "1:", ":1", "1,", ",1", "a", "1 2", "-1", "1:0", "4294967296",
                           "99999999999999999999", "1;2", "1::2"}) {
    EXPECT_FALSE(UidSet::parse(text)) << text;
  }
}

TEST(UidSetTest, IgnoresZero) {
  const std::vector<base::Uid> uids = {base::Uid{0}, base::Uid{3}, base::Uid{0}};
  EXPECT_EQ(UidSet(uids).text(), "3");
}

TEST(UidSetTest, CountsHugeRanges) {
  EXPECT_EQ(UidSet::all().count(), 4294967295U);
  EXPECT_EQ(parsed("1:5,7").count(), 6U);
  EXPECT_EQ(UidSet().count(), 0U);
}

TEST(UidSetTest, ListsUidsInOrder) {
  EXPECT_THAT(listed(parsed("7,1:3")), ElementsAre(1, 2, 3, 7));
  EXPECT_THAT(listed(parsed("4294967294:4294967295")), ElementsAre(4294967294U, 4294967295U));
  EXPECT_THAT(listed(UidSet()), ElementsAre());
}

TEST(UidSetTest, SplitsAtTheMaximumLength) {
  const auto parts = parsed("1:5,7,10:12,4294967290:4294967295").split(21);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].text(), "1:5,7,10:12");
  EXPECT_EQ(parts[1].text(), "4294967290:4294967295");
  EXPECT_TRUE(UidSet().split(100).empty());
}

// Moving all ranges for each UID would take minutes.
TEST(UidSetTest, AddsManyUidsInDescendingOrder) {
  constexpr std::uint32_t kCount = 400'000;
  const auto begin = tests::processor_time();
  for (const bool has_first : {false, true}) {
    UidSet set;
    if (has_first) set.add(base::Uid{1});
    for (std::uint32_t number = kCount; number > 0; --number) {
      EXPECT_TRUE(set.add(base::Uid{10 + 2 * number}));
    }
    EXPECT_EQ(set.count(), kCount + (has_first ? 1U : 0U));
    EXPECT_EQ(set.ranges().size(), set.count());
    EXPECT_TRUE(set.contains(base::Uid{12}));
    EXPECT_FALSE(set.contains(base::Uid{13}));
  }
  EXPECT_LT(tests::processor_time() - begin, std::chrono::seconds(60));
}

// The numbers of a linear congruence modulo a power of two: each of them once, in no order.
TEST(UidSetTest, AddsManyUidsInRandomOrder) {
  constexpr std::uint32_t kCount = std::uint32_t{1} << 20U;
  const auto begin = tests::processor_time();
  UidSet set;
  std::uint32_t number = 1;
  for (std::uint32_t added = 0; added < kCount; ++added) {
    number = (number * 1'664'525 + 1'013'904'223) % kCount;
    EXPECT_TRUE(set.add(base::Uid{2 * number + 1}));
  }
  EXPECT_EQ(set.ranges().size(), kCount);
  EXPECT_TRUE(set.contains(base::Uid{7}));
  EXPECT_FALSE(set.contains(base::Uid{8}));
  EXPECT_TRUE(set.add({base::Uid{2}, base::Uid{2 * kCount}}));
  EXPECT_EQ(set.text(), "1:" + std::to_string(2 * kCount));
  EXPECT_LT(tests::processor_time() - begin, std::chrono::seconds(60));
}

TEST(UidSetTest, ReportsWhetherAUidIsNew) {
  UidSet set = parsed("5:9,20");
  EXPECT_FALSE(set.add(base::Uid{5}));
  EXPECT_FALSE(set.add({base::Uid{6}, base::Uid{9}}));
  EXPECT_TRUE(set.add({base::Uid{8}, base::Uid{10}}));
  EXPECT_TRUE(set.add({base::Uid{1}, base::Uid{30}}));
  EXPECT_EQ(set.text(), "1:30");
}

TEST(UidSetTest, IsEmptyAfterItWasMoved) {
  UidSet set = parsed("7");
  set.add(base::Uid{5});
  set.add(base::Uid{3});
  const UidSet moved = std::move(set);
  EXPECT_EQ(moved.text(), "3,5,7");
  EXPECT_TRUE(set.empty());  // NOLINT(bugprone-use-after-move): it is documented
  set.add(base::Uid{1});
  EXPECT_EQ(set.text(), "1");
}

using Model = std::set<std::uint32_t>;

UidSet from_model(const Model& model) {
  UidSet set;
  for (const std::uint32_t uid : model) set.add(base::Uid{uid});
  return set;
}

rc::Gen<std::vector<std::uint32_t>> some_uids() {
  return rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange(1U, 60U));
}

RC_GTEST_PROP(UidSetProperty, IsTheSetOfTheAddedUids, ()) {
  const auto uids = *some_uids();
  UidSet set;
  for (const std::uint32_t uid : uids) set.add(base::Uid{uid});
  const Model model(uids.begin(), uids.end());
  RC_ASSERT(listed(set) == std::vector<std::uint32_t>(model.begin(), model.end()));
  RC_ASSERT(set == from_model(model));
  RC_ASSERT(set.count() == model.size());
  for (std::uint32_t uid = 1; uid < 61; ++uid) {
    RC_ASSERT(set.contains(base::Uid{uid}) == model.contains(uid));
  }
  if (!set.empty()) RC_ASSERT(UidSet::parse(set.text()) == set);
}

// Far more ranges than are kept together, with gaps that ranges of different lengths close again.
RC_GTEST_PROP(UidSetProperty, IsTheSetOfManyAddedRanges, ()) {
  constexpr std::uint32_t kMax = 6'000;
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const auto longest = *rc::gen::element(1U, 3U, 40U, kMax);
  std::mt19937 engine(seed);
  const auto random = [&engine](std::uint32_t end) {
    return static_cast<std::uint32_t>(engine() % end);
  };
  UidSet set;
  Model model;
  const auto add = [&](std::uint32_t first, std::uint32_t last) {
    const std::size_t before = model.size();
    for (std::uint32_t uid = first; uid <= last; ++uid) model.insert(uid);
    RC_ASSERT(set.add({base::Uid{first}, base::Uid{last}}) == (model.size() > before));
  };
  for (int count = 0; count < 2'000; ++count) {
    const std::uint32_t uid = 1 + 2 * random(kMax / 2);
    add(uid, uid);
  }
  for (int count = 0; count < 20; ++count) {
    const std::uint32_t first = 1 + random(kMax);
    add(first, std::min(kMax, first + random(longest)));
    RC_ASSERT(set.count() == model.size());
  }
  RC_ASSERT(listed(set) == std::vector<std::uint32_t>(model.begin(), model.end()));
  RC_ASSERT(set == from_model(model));
  std::size_t ranges = 0;
  for (const std::uint32_t uid : model) ranges += model.contains(uid - 1) ? 0U : 1U;
  RC_ASSERT(set.ranges().size() == ranges);
  RC_ASSERT(set.ranges().back().last.value == *model.rbegin());
  for (std::uint32_t uid = 1; uid <= kMax; ++uid) {
    RC_ASSERT(set.contains(base::Uid{uid}) == model.contains(uid));
  }
}

RC_GTEST_PROP(UidSetProperty, AddsRangesAsItAddsTheirUids, ()) {
  const auto ends = *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint32_t>>>(
      rc::gen::pair(rc::gen::inRange(1U, 60U), rc::gen::inRange(1U, 60U)));
  UidSet one_by_one;
  UidSet by_ranges;
  std::vector<UidRange> ranges;
  for (const auto& [first, last] : ends) {
    const auto [low, high] = std::minmax(first, last);
    for (std::uint32_t uid = low; uid <= high; ++uid) one_by_one.add(base::Uid{uid});
    by_ranges.add({base::Uid{low}, base::Uid{high}});
    ranges.push_back({base::Uid{first}, base::Uid{last}});
  }
  RC_ASSERT(by_ranges == one_by_one);
  RC_ASSERT(UidSet(ranges) == one_by_one);
}

RC_GTEST_PROP(UidSetProperty, SubtractsASet, ()) {
  const auto left = *some_uids();
  const auto right = *some_uids();
  const Model from(left.begin(), left.end());
  const Model away(right.begin(), right.end());
  Model rest;
  std::set_difference(from.begin(), from.end(), away.begin(), away.end(),
                      std::inserter(rest, rest.end()));
  RC_ASSERT(from_model(from).without(from_model(away)) == from_model(rest));
}

RC_GTEST_PROP(UidSetProperty, LosesNothingWhenSplit, ()) {
  const auto uids = *some_uids();
  const UidSet set = from_model(Model(uids.begin(), uids.end()));
  UidSet together;
  for (const UidSet& part : set.split(21)) {
    RC_ASSERT(part.text().size() <= 21U);
    for (const UidRange& range : part.ranges()) together.add(range);
  }
  RC_ASSERT(together == set);
}

}  // namespace
}  // namespace imap
