#include "store/copies/copy_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The id is made from account and sequence.
void add(LivingSnapshots& living, const std::string& account, unsigned first, unsigned count,
         SnapshotKind kind = SnapshotKind::kBackup) {
  for (unsigned sequence = first; sequence < first + count; ++sequence) {
    ObjectId id;
    id.bytes[0] = static_cast<std::byte>(account.front());
    id.bytes[1] = static_cast<std::byte>(account.back());
    id.bytes[2] = static_cast<std::byte>(sequence);
    SnapshotLine line;
    line.account = account;
    line.kind = kind;
    line.sequence = sequence;
    living.emplace(id, line);
  }
}

TEST(CopyGuardTest, FewDroppedSnapshotsAreNoReason) {
  LivingSnapshots before;
  LivingSnapshots after;
  add(before, "alice", 1, 20);
  add(after, "alice", 10, 11);  // 9 fewer, almost half of them
  EXPECT_THAT(reasons_to_hold(before, after), IsEmpty());
  EXPECT_THAT(reasons_to_hold({}, after), IsEmpty());
}

TEST(CopyGuardTest, TenDroppedSnapshotsCountIfTheyAreAFifth) {
  LivingSnapshots before;
  add(before, "alice", 1, 50);
  LivingSnapshots after;
  add(after, "alice", 11, 45);  // five are new
  EXPECT_THAT(reasons_to_hold(before, after),
              ElementsAre("it drops 10 of the 50 snapshots of the copy"));
  add(before, "bob", 1, 1);
  add(after, "bob", 1, 1);
  EXPECT_THAT(reasons_to_hold(before, after), IsEmpty());
}

TEST(CopyGuardTest, TheNewestBackupMayBeReplacedByALaterOne) {
  LivingSnapshots before;
  add(before, "alice", 1, 2);
  LivingSnapshots after;
  add(after, "alice", 3, 1);
  EXPECT_THAT(reasons_to_hold(before, after), IsEmpty());
  LivingSnapshots older;
  add(older, "alice", 1, 1);
  EXPECT_THAT(reasons_to_hold(before, older), ElementsAre("it drops the newest backup of alice"));
}

TEST(CopyGuardTest, ARescueThatExpiresIsNoReason) {
  LivingSnapshots before;
  LivingSnapshots after;
  add(before, "alice", 1, 1);
  add(after, "alice", 1, 1);
  add(before, "alice", 2, 1, SnapshotKind::kRescue);
  EXPECT_THAT(reasons_to_hold(before, after), IsEmpty());
}

TEST(CopyGuardTest, ManyAccountsAreCounted) {
  LivingSnapshots before;
  for (const char* account : {"a", "b", "c", "d", "e\x1b"}) add(before, account, 1, 1);
  EXPECT_THAT(reasons_to_hold(before, {}),
              ElementsAre("it drops the newest backup of a, b, c and 2 more"));
}

}  // namespace
}  // namespace store
