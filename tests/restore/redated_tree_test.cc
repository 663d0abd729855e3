#include "restore/redated_tree.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "restore/restore_request.h"

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
    all[at].sequence = at + 1;
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

store::TreeRecord with_history(store::TreeRecord record, std::uint64_t made_after) {
  RestoreRequest request{.account = "alice", .selection = {}};
  request.selection.asked = kNow;
  request.made_after = made_after;
  record.request = write_request(request);
  return record;
}

// For a sweep at a time that only the snapshots of the tree's own account can confirm.
std::optional<store::TreeRecord> redated_at(const store::TreeRecord& record,
                                            std::span<const store::SnapshotInfo> snapshots,
                                            sys_seconds now) {
  return redated(record, snapshots, {.now = now, .longest_stay = days(90)});
}

// The same, if the whole store confirms it.
std::optional<store::TreeRecord> redated_surely(const store::TreeRecord& record, sys_seconds now) {
  return redated(record, {}, {.now = now, .is_confirmed = true, .longest_stay = days(90)});
}

TEST(RedatedTreeTest, TimesThatNothingContradictsStay) {
  EXPECT_FALSE(redated_at(tree(kNow), snapshots(), kNow));
  EXPECT_FALSE(redated_at(tree(kNow - days(2)), snapshots(), kNow));
  EXPECT_FALSE(redated_at(tree(kNow - days(300)), {}, kNow)) << "its snapshot is gone";
}

TEST(RedatedTreeTest, ATreeOfTheFutureStaysAsLongAsOneMadeNow) {
  const auto right = redated_surely(tree(kNow + days(365)), kNow);
  ASSERT_TRUE(right);
  EXPECT_EQ(right->created, kNow);
  EXPECT_EQ(right->expires, kNow + days(7));
  EXPECT_FALSE(redated_surely(*right, kNow));

  store::TreeRecord due = tree(kNow + days(365));
  due.expires = kNow - hours(1);  // by hand
  EXPECT_EQ(redated_surely(due, kNow)->expires, due.expires);
}

TEST(RedatedTreeTest, AnExtensionByHandStays) {
  store::TreeRecord extended = tree(kNow + days(365));
  extended.expires = kNow + days(3);
  EXPECT_EQ(redated_surely(extended, kNow)->expires, extended.expires);
}

// The tree of an account without backups since: nothing else shows when it was made.
TEST(RedatedTreeTest, ATreeIsNotShortenedByAClockThatIsBehind) {
  auto old = snapshots();
  for (store::SnapshotInfo& snapshot : old) snapshot.time -= days(50);
  const store::TreeRecord made = with_history(tree(kNow), 5);
  for (const days behind : {days(40), days(80), days(3'000)}) {
    store::TreeRecord record = made;
    for (const int hour : {0, 1, 12}) {
      record = redated_at(record, old, kNow - behind + hours(hour)).value_or(record);
      EXPECT_GE(record.expires, std::min(made.expires, kNow - behind + days(80)));
    }
    const sys_seconds right = kNow + days(1);
    record = redated_at(record, old, right).value_or(record);
    EXPECT_EQ(record, made) << behind.count();
    EXPECT_FALSE(redated_at(record, old, right));
  }
}

TEST(RedatedTreeTest, ABackupWithTheSameClockShortensNoTree) {
  auto all = snapshots();
  for (store::SnapshotInfo& snapshot : all) snapshot.time -= days(50);
  all[4].time = kNow - days(40);
  const store::TreeRecord made = with_history(tree(kNow), 4);
  EXPECT_FALSE(redated_at(made, all, kNow - days(40)));
  EXPECT_FALSE(redated_at(made, all, kNow - days(38) - hours(1)));
  EXPECT_TRUE(redated_at(made, all, kNow - days(38))) << "for longer, a jump would be noticed";
}

TEST(RedatedTreeTest, ATreeOfTheFutureStaysForTheLongestStayAtMost) {
  const store::TreeRecord made = with_history(tree(kNow + days(365)), 5);
  const auto bounded = redated_at(made, snapshots(), kNow);
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded->expires, kNow + days(90));
  EXPECT_EQ(bounded->created, made.created);
  EXPECT_FALSE(redated_at(*bounded, snapshots(), kNow + days(1))) << "since the first sweep";
  const auto right = redated_surely(*bounded, kNow + days(2));
  ASSERT_TRUE(right) << "the clock was ahead";
  EXPECT_EQ(right->created, kNow + days(2));
  EXPECT_EQ(right->expires, kNow + days(2 + 7));
  EXPECT_EQ(right->request, made.request);
}

TEST(RedatedTreeTest, ATreeOfTheFutureStaysUnchangedWhileTheClockMayBeBehind) {
  const store::TreeRecord made = tree(kNow + days(10));
  auto all = snapshots();
  all[4].time = kNow + days(9);
  EXPECT_FALSE(redated_at(made, all, kNow)) << "the last backup is later too";
  all.push_back(all[3]);
  all[5].time = kNow;
  EXPECT_FALSE(redated_at(made, all, kNow)) << "a backup with the same clock shows nothing";
  EXPECT_FALSE(redated_at(made, all, kNow + days(2) - hours(1)));
  const auto right = redated_at(made, all, kNow + days(2));
  ASSERT_TRUE(right) << "the clock was ahead";
  EXPECT_EQ(right->expires, kNow + days(2 + 7));
}

TEST(RedatedTreeTest, ATreeOlderThanItsSnapshotStaysAsLongAsOneMadeNow) {
  const auto right = redated_at(tree(kNow - days(365)), snapshots(), kNow);
  ASSERT_TRUE(right);
  EXPECT_EQ(right->created, kNow - days(2)) << "when its snapshot was made, at the earliest";
  EXPECT_EQ(right->expires, kNow + days(7));
  EXPECT_FALSE(redated_at(*right, snapshots(), kNow + days(1))) << "once only";
}

// Before the first sweep with a right clock.
TEST(RedatedTreeTest, ATreeOfAClockThatWasBehindIsDueAtOnceByHand) {
  const auto due = made_due(tree(kNow - days(365)), snapshots(), kNow);
  EXPECT_LE(due.expires, kNow);
  const sys_seconds later = kNow + hours(1);
  EXPECT_LE(redated_at(due, snapshots(), later).value_or(due).expires, later);
}

TEST(RedatedTreeTest, AnExtensionByHandDoesNotAddTheErrorOfTheClock) {
  const auto longer = extended(tree(kNow - days(60)), snapshots(), kNow, days(3));
  EXPECT_EQ(longer.expires, kNow + days(7 + 3));
  EXPECT_EQ(redated_at(longer, snapshots(), kNow + hours(1)).value_or(longer), longer);
}

TEST(RedatedTreeTest, ChangesByHandCountForTheExpiryThatWasNoted) {
  const store::TreeRecord made = with_history(tree(kNow), 5);
  const sys_seconds behind = kNow - days(3'000);
  const sys_seconds right = kNow + days(1);
  const auto bounded = redated_at(made, {}, behind);
  ASSERT_TRUE(bounded);
  const auto longer = extended(*bounded, {}, behind, days(3));
  EXPECT_EQ(longer.expires, bounded->expires + days(3));
  EXPECT_EQ(redated_at(longer, {}, right)->expires, made.expires + days(3));
  const auto due = made_due(*bounded, {}, behind);
  EXPECT_FALSE(redated_at(due, {}, right)) << "it stays due";
}

TEST(RedatedTreeTest, ASnapshotDatedByAWrongClockIsNoEvidence) {
  auto all = snapshots();
  all[2].time = kNow + days(365);
  EXPECT_FALSE(redated_at(tree(kNow - days(1)), all, kNow));
  EXPECT_FALSE(redated_at(tree(kNow - days(1)), all, kNow + days(400)));
}

// `run --missing` makes a snapshot just before the tree, with the same clock.
TEST(RedatedTreeTest, ASourceMadeWithTheSameWrongClockDoesNotHideTheOneBeforeIt) {
  auto all = snapshots();
  all[2].time = kNow - days(365);
  const auto right = redated_at(tree(kNow - days(365)), all, kNow);
  ASSERT_TRUE(right);
  EXPECT_EQ(right->created, kNow - days(3)) << "the snapshot before its source";
  EXPECT_EQ(right->expires, kNow + days(7));
  all.resize(3);
  EXPECT_TRUE(redated_at(tree(kNow - days(365)), all, kNow)) << "before the next backup too";
}

TEST(RedatedTreeTest, ATreeOfAnOldSnapshotIsKnownToBeMadeAfterTheNewestOne) {
  auto all = snapshots();
  for (std::size_t at = 0; at < 3; ++at) all[at].time = kNow - days(500 - at);
  const store::TreeRecord made = tree(kNow - days(365));
  EXPECT_FALSE(redated_at(made, all, kNow)) << "its source is older than it";
  EXPECT_EQ(redated_at(with_history(made, 4), all, kNow)->expires, kNow + days(7));
  all.erase(all.begin() + 2);
  EXPECT_EQ(redated_at(with_history(made, 4), all, kNow)->expires, kNow + days(7))
      << "its source was dropped";
  EXPECT_FALSE(redated_at(with_history(made, 1), all, kNow)) << "made before the others";
}

// Without an index, and once its account was forgotten, no snapshot is known.
TEST(RedatedTreeTest, ATreeOfAClockThatWasBehindIsKnownWithoutSnapshots) {
  store::TreeRecord made = with_history(tree(kNow - days(365)), 5);
  EXPECT_FALSE(redated_at(made, {}, kNow)) << "nothing shows it";
  const auto noted = [&](sys_seconds time) {
    RestoreRequest request = read_request(made.request);
    request.not_before = time;
    made.request = write_request(request);
    return made;
  };
  const auto right = redated_at(noted(kNow - days(1)), {}, kNow);
  ASSERT_TRUE(right);
  EXPECT_EQ(right->created, kNow - days(1));
  EXPECT_EQ(right->expires, kNow + days(7));
  EXPECT_FALSE(redated_at(*right, {}, kNow + days(1))) << "once only";
  EXPECT_EQ(extended(made, {}, kNow, days(3)).expires, kNow + days(7 + 3));
  const auto due = made_due(made, {}, kNow);
  EXPECT_LE(redated_at(due, {}, kNow).value_or(due).expires, kNow);
  EXPECT_FALSE(redated_at(noted(kNow + days(365)), {}, kNow)) << "a clock that was ahead noted it";
  EXPECT_FALSE(redated_at(noted(made.created + std::chrono::minutes(5)), {}, kNow));
}

// A history of right nights and fewer wrong ones, in any order, and a tree made after it.
struct DrawnHistory {
  std::vector<store::SnapshotInfo> snapshots;
  sys_seconds end{};  // when the tree was made, by a right clock
};

DrawnHistory draw_history() {
  const auto right = *rc::gen::inRange(1, 9);
  const auto wrong = *rc::gen::inRange(0, right);
  const auto shift = days(*rc::gen::element(-365, 365));
  std::vector<bool> is_wrong(static_cast<std::size_t>(right + wrong), false);
  std::fill_n(is_wrong.begin(), wrong, true);
  for (std::size_t at = is_wrong.size(); at > 1; --at) {
    const auto other = *rc::gen::inRange(std::size_t{0}, at);
    const bool kept = is_wrong[at - 1];
    is_wrong[at - 1] = is_wrong[other];
    is_wrong[other] = kept;
  }
  DrawnHistory history;
  for (std::size_t at = 0; at < is_wrong.size(); ++at) {
    store::SnapshotInfo& snapshot = history.snapshots.emplace_back();
    snapshot.id = id(static_cast<unsigned char>(at));
    snapshot.sequence = at + 1;
    snapshot.time = kNow + days(at) + (is_wrong[at] ? shift : days(0));
  }
  history.end = kNow + days(is_wrong.size());
  return history;
}

store::TreeRecord draw_tree(const DrawnHistory& history, sys_seconds created) {
  store::TreeRecord record = with_history(tree(created), history.snapshots.size());
  record.snapshot = (*rc::gen::elementOf(history.snapshots)).id;
  return record;
}

RC_GTEST_PROP(RedatedTreeProperty, ATreeMadeWithTheClockBehindStaysItsWholeTime, ()) {
  const DrawnHistory history = draw_history();
  const store::TreeRecord made = draw_tree(history, history.end - days(365));
  const sys_seconds now = history.end + hours(*rc::gen::inRange(0, 200));
  const auto right = redated_at(made, history.snapshots, now);
  RC_ASSERT(right.has_value());
  RC_ASSERT(right->expires == now + days(7));
  RC_ASSERT(!redated_at(*right, history.snapshots, now + days(1)));
}

RC_GTEST_PROP(RedatedTreeProperty, WrongNightsDoNotRedateATreeOfARightClock, ()) {
  const DrawnHistory history = draw_history();
  const store::TreeRecord made = draw_tree(history, history.end);
  const sys_seconds now = history.end + hours(*rc::gen::inRange(0, 200));
  RC_ASSERT(!redated_at(made, history.snapshots, now));
}

}  // namespace
}  // namespace restore
