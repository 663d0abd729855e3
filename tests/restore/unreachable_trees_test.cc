#include "restore/unreachable_trees.h"

#include <array>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace restore {
namespace {

using std::chrono::days;
using std::chrono::hours;

class UnreachableTreesTest : public testing::Test {
 protected:
  UnreachableTreesTest() { store_.index = directory_.path() / "index"; }

  UnreachableTrees load() const { return UnreachableTrees::load(base::real_file_system(), store_); }

  UnreachableTrees::Verdict note(std::chrono::sys_seconds now) {
    auto trees = UnreachableTrees::load(base::real_file_system(), store_);
    const auto verdict = trees.note("t", now, "no such server");
    trees.save(base::real_file_system(), store_);
    return verdict;
  }

  static constexpr std::chrono::sys_seconds kNow = std::chrono::sys_days(days(20'000));
  tests::TemporaryDirectory directory_;
  base::StoreConfig store_;
};

TEST_F(UnreachableTreesTest, ATreeIsReportedOnceADayUntilItsTimeIsOver) {
  EXPECT_TRUE(note(kNow).is_report_due);
  EXPECT_FALSE(note(kNow + hours(1)).is_report_due);
  EXPECT_TRUE(note(kNow + hours(24)).is_report_due);
  EXPECT_FALSE(note(kNow + hours(25)).is_report_due);
  EXPECT_FALSE(note(kNow + days(30) - hours(1)).is_over);
  EXPECT_TRUE(note(kNow + days(30)).is_over);
  EXPECT_EQ(note(kNow + days(30)).since, kNow);
}

TEST_F(UnreachableTreesTest, TheLastReasonIsKept) {
  EXPECT_EQ(load().reason_for("t"), std::nullopt);
  note(kNow);
  const auto reason = load().reason_for("t");
  ASSERT_TRUE(reason);
  EXPECT_EQ(reason->why, "no such server");
  EXPECT_EQ(reason->since, kNow);
  auto trees = load();
  trees.note("t", kNow + hours(1), "login refused");
  trees.save(base::real_file_system(), store_);
  EXPECT_EQ(load().reason_for("t")->why, "login refused");
  EXPECT_EQ(load().reason_for("t")->since, kNow);
}

// The file of an earlier version.
TEST_F(UnreachableTreesTest, TimesWithoutAReasonCount) {
  std::filesystem::create_directory(store_.index);
  std::ofstream(store_.index / "unreachable-trees.json")
      << "{\"t\":[" << kNow.time_since_epoch().count() << ",1]}\n";
  ASSERT_TRUE(load().reason_for("t"));
  EXPECT_EQ(load().reason_for("t")->why, "");
  EXPECT_EQ(note(kNow + hours(2)).since, kNow);
}

TEST_F(UnreachableTreesTest, ATimeInTheFutureCountsAsNow) {
  note(kNow + days(365));
  const auto verdict = note(kNow);
  EXPECT_EQ(verdict.since, kNow);
  EXPECT_TRUE(verdict.is_report_due);
}

TEST_F(UnreachableTreesTest, ATreeThatIsNoLongerDueStartsAgain) {
  note(kNow);
  auto trees = UnreachableTrees::load(base::real_file_system(), store_);
  trees.keep_only({});
  trees.save(base::real_file_system(), store_);
  EXPECT_EQ(note(kNow + days(40)).since, kNow + days(40));
}

}  // namespace
}  // namespace restore
