// Packs that a prune condemned with a wrong clock.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/maintenance/reindex.h"
#include "tests/store/maintenance/prune_fixture.h"

namespace store {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::IsEmpty;

class WrongClockPruneTest : public tests::OnEachStorage<PruneFixture> {
 protected:
  static constexpr hours kPeriod{24};

  // Condemns the pack of the first of two backups.
  PruneReport condemn(bool is_confirmed = false) {
    const ObjectId first = back_up("alice", 0, 10).id;
    back_up("alice", 5, 10);
    return store::prune(location_, files_, clock_,
                        {.drop = {first}, .grace = kPeriod, .is_now_confirmed = is_confirmed});
  }

  void lose_index() {
    std::filesystem::remove_all(location_.index);
    EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  }

  // From now on, the packs wait as long as all others.
  void expect_deleted_after_the_grace_period() {
    const PruneReport seen = prune({}, kPeriod);
    EXPECT_EQ(0U, seen.deleted);
    EXPECT_GT(seen.waiting, 0U);
    EXPECT_EQ(0U, seen.not_begun);
    lose_index();
    pass(kPeriod - hours(1));
    EXPECT_EQ(0U, prune({}, kPeriod).deleted);
    pass(hours(1));
    const PruneReport done = prune({}, kPeriod);
    EXPECT_EQ(seen.waiting, done.deleted);
    EXPECT_EQ(samples(5, 10), restored("alice"));
    expect_intact();
  }
};

TEST_P(WrongClockPruneTest, ThoseOfAClockThatWasAheadWaitForTheGracePeriodOnly) {
  clock_.moment += days(365);
  EXPECT_GT(condemn().condemned, 0U);
  clock_.moment -= days(365);
  expect_deleted_after_the_grace_period();
}

TEST_P(WrongClockPruneTest, ThoseOfAClockThatWasAheadAreDeletedWithoutTheGracePeriodToo) {
  clock_.moment += days(365);
  const std::uint64_t condemned = condemn().condemned;
  clock_.moment -= days(365);
  const PruneReport report = store::prune(location_, files_, clock_, {.skip_grace = true});
  EXPECT_GE(report.deleted, condemned);
  EXPECT_EQ(0U, report.waiting);
  EXPECT_EQ(samples(5, 10), restored("alice"));
}

// The snapshots are in the future of that clock.
TEST_P(WrongClockPruneTest, ThoseOfAClockThatWasBehindWaitForTheWholeGracePeriod) {
  const auto right = clock_.moment;
  clock_.moment -= days(3'650);
  const PruneReport report = condemn();
  EXPECT_GT(report.condemned, 0U);
  EXPECT_EQ(report.condemned, report.not_begun);
  pass(days(3));
  EXPECT_EQ(0U, prune({}, kPeriod).deleted) << "the clock is still behind";
  clock_.moment = right;
  expect_deleted_after_the_grace_period();
}

TEST_P(WrongClockPruneTest, TheAdministratorMayConfirmTheClock) {
  clock_.moment -= days(3'650);
  EXPECT_EQ(0U, condemn(true).not_begun);
  pass(kPeriod);
  EXPECT_GT(prune({}, kPeriod).deleted, 0U);
}

INSTANTIATE_TEST_SUITE_P(Directory, WrongClockPruneTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, WrongClockPruneTest, tests::a_late_storage());

}  // namespace
}  // namespace store
