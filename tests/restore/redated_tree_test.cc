#include "restore/redated_tree.h"

#include <gtest/gtest.h>

namespace restore {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow = std::chrono::sys_days(days(20'000));

store::ObjectId id(unsigned char number) {
  store::ObjectId id;
  id.bytes[0] = std::byte{number};
  return id;
}

// Snapshots of the four days before, and one made now.
std::vector<store::SnapshotInfo> snapshots() {
  std::vector<store::SnapshotInfo> all(5);
  for (unsigned char at = 0; at < 5; ++at) {
    all[at].id = id(at);
    all[at].time = kNow - days(4 - at);
  }
  return all;
}

// Made then, for a week, from the snapshot of two days ago.
store::TreeRecord tree(sys_seconds created) {
  store::TreeRecord record;
  record.created = created;
  record.expires = created + days(7);
  record.snapshot = id(2);
  return record;
}

TEST(RedatedTreeTest, TimesThatNothingContradictsStay) {
  EXPECT_FALSE(redated(tree(kNow), snapshots(), kNow));
  EXPECT_FALSE(redated(tree(kNow - days(2)), snapshots(), kNow));
  EXPECT_FALSE(redated(tree(kNow - days(300)), {}, kNow)) << "its snapshot is gone";
}

TEST(RedatedTreeTest, ATreeOfTheFutureStaysAsLongAsOneMadeNow) {
  const auto right = redated(tree(kNow + days(365)), {}, kNow);
  ASSERT_TRUE(right);
  EXPECT_EQ(right->created, kNow);
  EXPECT_EQ(right->expires, kNow + days(7));
  EXPECT_FALSE(redated(*right, {}, kNow));

  store::TreeRecord due = tree(kNow + days(365));
  due.expires = kNow - hours(1);  // by hand
  EXPECT_EQ(redated(due, {}, kNow)->expires, due.expires);
}

TEST(RedatedTreeTest, AnExtensionByHandStays) {
  store::TreeRecord extended = tree(kNow + days(365));
  extended.expires = kNow + days(3);
  EXPECT_EQ(redated(extended, {}, kNow)->expires, extended.expires);
}

TEST(RedatedTreeTest, ATreeOfTheFutureStaysUnchangedWhileTheClockMayBeBehind) {
  const store::TreeRecord made = tree(kNow + days(10));
  auto all = snapshots();
  all[4].time = kNow + days(9);
  EXPECT_FALSE(redated(made, all, kNow)) << "the last backup is later too";
  all.push_back(all[3]);
  all[5].time = kNow;
  EXPECT_FALSE(redated(made, all, kNow)) << "a backup with the same clock shows nothing";
  EXPECT_FALSE(redated(made, all, kNow + days(2) - hours(1)));
  const auto right = redated(made, all, kNow + days(2));
  ASSERT_TRUE(right) << "the clock was ahead";
  EXPECT_EQ(right->expires, kNow + days(2 + 7));
}

TEST(RedatedTreeTest, ATreeOlderThanItsSnapshotStaysAsLongAsOneMadeNow) {
  const auto right = redated(tree(kNow - days(365)), snapshots(), kNow);
  ASSERT_TRUE(right);
  EXPECT_EQ(right->created, kNow - days(2)) << "when its snapshot was made, at the earliest";
  EXPECT_EQ(right->expires, kNow + days(7));
  EXPECT_FALSE(redated(*right, snapshots(), kNow + days(1))) << "once only";
}

TEST(RedatedTreeTest, ASnapshotDatedByAWrongClockIsNoEvidence) {
  auto all = snapshots();
  all[2].time = kNow + days(365);
  EXPECT_FALSE(redated(tree(kNow - days(1)), all, kNow));
  EXPECT_FALSE(redated(tree(kNow - days(1)), all, kNow + days(400)));
}

}  // namespace
}  // namespace restore
