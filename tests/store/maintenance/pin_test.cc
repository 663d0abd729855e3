// A pinned snapshot is kept by everything that drops snapshots, also after its index was lost.
#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/index/sqlite.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "tests/expect_error.h"
#include "tests/store/maintenance/prune_fixture.h"

namespace store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PinTest : public tests::OnEachStorage<PruneFixture> {
 protected:
  PinTest() {
    first_ = back_up("alice", 0, 3);
    back_up("alice", 1, 3);
    back_up("bob", 0, 2);
  }

  void pin(std::chrono::sys_seconds until) {
    pin_snapshot(location_, files_, clock_, first_.id, until);
  }

  void lose_index() {
    std::filesystem::remove_all(location_.index);
    EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  }

  std::vector<std::chrono::sys_seconds> pins() {
    std::vector<std::chrono::sys_seconds> ends;
    Reader reader = open_reader();
    for (const SnapshotInfo& info : reader.snapshots("alice")) ends.push_back(info.pinned_until);
    return ends;
  }

  static constexpr std::chrono::sys_seconds kNotPinned{};

  SnapshotInfo first_;
};

TEST_P(PinTest, APinSurvivesEveryRewriteOfTheStore) {
  pin(kPinnedWithoutEnd);
  const auto expect_pinned = [&](const char* after) {
    EXPECT_THAT(pins(), ElementsAre(kPinnedWithoutEnd, kNotPinned)) << after;
    EXPECT_EQ(prune({first_.id}).dropped, 0U) << after;
    EXPECT_EQ(drop_snapshots(location_, files_, clock_, {first_.id}), 0U) << after;
    expect_intact();
  };
  expect_pinned("pin");
  lose_index();
  expect_pinned("reindex");
  // Prunes that write a checkpoint.
  for (const unsigned first : {2U, 3U}) {
    const SnapshotInfo dropped = back_up("alice", first, 3);
    EXPECT_EQ(prune({dropped.id}, std::chrono::seconds(0)).dropped, 1U);
  }
  lose_index();
  Reader reader = open_reader();
  EXPECT_EQ(reader.snapshots("alice").front().pinned_until, kPinnedWithoutEnd) << "checkpoint";
}

TEST_P(PinTest, ACheckComparesPinsWithTheCommits) {
  pin(kPinnedWithoutEnd);
  Database::open_or_create(index_file(location_)).run("DELETE FROM pins");
  CheckOptions quick;
  quick.depth = CheckDepth::kQuick;
  EXPECT_THAT(check(location_, files_, quick).damage, Contains(HasSubstr("matches no commit")));
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_THAT(check(location_, files_, quick).damage, IsEmpty());
  EXPECT_THAT(pins(), ElementsAre(kPinnedWithoutEnd, kNotPinned));
}

TEST_P(PinTest, ARepairKeepsIt) {
  pin(kPinnedWithoutEnd);
  // A lost commit makes the repair write a checkpoint.
  const std::vector<BlobName> before = pack_names();
  back_up("bob", 5, 2);
  stored().lose(pack_added_since(before));
  EXPECT_THAT(repair(location_, files_, clock_).after.damage, Contains(HasSubstr("snapshot root")));
  EXPECT_THAT(pins(), ElementsAre(kPinnedWithoutEnd, kNotPinned));
  lose_index();
  EXPECT_THAT(pins(), ElementsAre(kPinnedWithoutEnd, kNotPinned));
}

TEST_P(PinTest, ARepairKeepsTheLongerPinIfItsCommitIsLost) {
  pin(clock_.now_seconds() + std::chrono::hours(1));
  const std::vector<BlobName> before = pack_names();
  pin(kPinnedWithoutEnd);
  stored().lose(pack_added_since(before));
  repair(location_, files_, clock_);
  lose_index();
  EXPECT_THAT(pins(), ElementsAre(kPinnedWithoutEnd, kNotPinned));
}

TEST_P(PinTest, AnEndedPinKeepsNothing) {
  pin(clock_.now_seconds() + std::chrono::hours(1));
  EXPECT_EQ(prune({first_.id}).dropped, 0U);
  pass(std::chrono::hours(1));
  EXPECT_EQ(prune({first_.id}).dropped, 1U);
}

TEST_P(PinTest, ALaterPinReplacesAnEarlierOne) {
  pin(kPinnedWithoutEnd);
  const auto until = clock_.now_seconds() + std::chrono::hours(1);
  pin(until);
  lose_index();
  EXPECT_THAT(pins(), ElementsAre(until, kNotPinned));
  pin(kNotPinned);
  for (const bool is_rebuilt : {false, true}) {
    if (is_rebuilt) lose_index();
    EXPECT_THAT(pins(), ElementsAre(kNotPinned, kNotPinned));
  }
  EXPECT_EQ(drop_snapshots(location_, files_, clock_, {first_.id}), 1U);
}

TEST_P(PinTest, ADroppedSnapshotHasNoPin) {
  pin(clock_.now_seconds() + std::chrono::hours(1));
  pass(std::chrono::hours(2));
  EXPECT_EQ(drop_snapshots(location_, files_, clock_, {first_.id}), 1U);
  Database database = Database::open_or_create(index_file(location_));
  EXPECT_EQ(database.integer("SELECT count(*) FROM pins"), 0);
}

TEST_P(PinTest, OnlyAnExistingSnapshotIsPinned) {
  drop_snapshots(location_, files_, clock_, {first_.id});
  EXPECT_ERROR(kNotFound, "no such snapshot", pin(kPinnedWithoutEnd));
}

// An index that a mailstow without pins made.
TEST_P(PinTest, AnIndexWithoutPinsIsConverted) {
  const auto version = [&] {
    return Database::open_or_create(index_file(location_)).integer("PRAGMA user_version");
  };
  Database::open_or_create(index_file(location_)).run("DROP TABLE pins; PRAGMA user_version = 2");
  EXPECT_THAT(pins(), ElementsAre(kNotPinned, kNotPinned));
  EXPECT_EQ(version(), 2) << "a reader leaves it as it is";
  pin(kPinnedWithoutEnd);
  EXPECT_THAT(pins(), ElementsAre(kPinnedWithoutEnd, kNotPinned));
  EXPECT_EQ(version(), 5);
}

INSTANTIATE_TEST_SUITE_P(Directory, PinTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, PinTest, tests::a_late_storage());

}  // namespace
}  // namespace store
