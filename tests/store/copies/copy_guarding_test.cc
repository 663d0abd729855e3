// Commits that a copy does not follow until an administrator accepts them.
#include <filesystem>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/copies/copying.h"
#include "store/keys/key_ring.h"
#include "store/maintenance/dropping.h"
#include "tests/expect_error.h"
#include "tests/store/copies/copying_fixture.h"

namespace store {
namespace {

namespace fs = std::filesystem;

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CopyGuardingTest : public CopyingFixture {
 protected:
  static constexpr unsigned kNights = 12;

  CopyGuardingTest() {
    for (const SnapshotInfo& snapshot : back_up_nights("alice", kNights)) {
      nights_.push_back(snapshot.id);
    }
    back_up("bob", 3, 2);
    copy();
    whole_ = content();
  }

  std::vector<ObjectId> nights_;
  Content whole_;
};

TEST_F(CopyGuardingTest, APruneThatDropsLittleIsFollowed) {
  prune({nights_[0], nights_[1]});
  const CopyingReport report = copy();
  EXPECT_FALSE(report.held.has_value());
  EXPECT_EQ(0U, report.commits_behind);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyGuardingTest, APruneThatDropsManyWaitsToBeAccepted) {
  prune({nights_.begin(), nights_.end() - 1});
  back_up("bob", 3, 5);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const CopyingReport report = copy();
    ASSERT_TRUE(report.held.has_value());
    EXPECT_THAT(report.held->reasons, ElementsAre("it drops 11 of the 13 snapshots of the copy"));
    EXPECT_EQ(kNights + 2, report.held->commit.number);
    EXPECT_EQ(kNights + 1, report.newest.number);
    EXPECT_EQ(0U, report.commits);
    EXPECT_LT(0U, report.commits_behind);
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_EQ(whole_, copied_content());
  }
  const std::string id = copy().held.value().commit.id.hex();
  std::string other = id.substr(0, 16);
  other.back() = other.back() == '0' ? '1' : '0';
  EXPECT_FALSE(copy({.accept = other}).has_accepted);
  const CopyingReport report = copy({.accept = id.substr(0, 16)});
  EXPECT_TRUE(report.has_accepted);
  EXPECT_FALSE(report.held.has_value());
  EXPECT_EQ(0U, report.commits_behind);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyGuardingTest, CommitsOfOneDayThatDropManyTogetherWaitToBeAccepted) {
  drop_snapshots(location_, files_, clock_, {nights_.begin(), nights_.begin() + 6});
  pass(std::chrono::hours(1));
  drop_snapshots(location_, files_, clock_, {nights_.begin() + 6, nights_.end() - 1});
  const CopyingReport report = copy();
  EXPECT_EQ(1U, report.commits) << "the first one drops little";
  ASSERT_TRUE(report.held.has_value());
  EXPECT_THAT(
      report.held->reasons,
      ElementsAre("with the commits before it, it drops 11 of the 13 snapshots of the copy"));
  EXPECT_TRUE(report.held->is_together);
  const CopyingReport later = copy({.held_together = report.held->reasons});
  ASSERT_TRUE(later.held.has_value()) << "the copy is already after the first one";
  EXPECT_EQ(report.held->reasons, later.held->reasons);
  EXPECT_TRUE(later.held->is_together);
  const std::string id = report.held->commit.id.hex();
  const CopyingReport accepted = copy({.accept = id, .held_together = report.held->reasons});
  EXPECT_TRUE(accepted.has_accepted);
  EXPECT_FALSE(accepted.held.has_value());
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyGuardingTest, CommitsOfDifferentDaysThatDropLittleAreFollowed) {
  drop_snapshots(location_, files_, clock_, {nights_.begin(), nights_.begin() + 6});
  pass(std::chrono::hours(24));
  drop_snapshots(location_, files_, clock_, {nights_.begin() + 6, nights_.end() - 1});
  const CopyingReport report = copy();
  EXPECT_FALSE(report.held.has_value());
  EXPECT_EQ(0U, report.commits_behind);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyGuardingTest, ALostNewestBackupWaitsToBeAccepted) {
  const ObjectId newest = open_reader().snapshots("bob").back().id;
  EXPECT_EQ(1U, drop_snapshots(location_, files_, clock_, {newest}));
  const CopyingReport report = copy();
  ASSERT_TRUE(report.held.has_value());
  EXPECT_THAT(report.held->reasons, ElementsAre("it drops the newest backup of bob"));
  EXPECT_EQ(whole_, copied_content());
  // Accepting one commit accepts no later one.
  const ObjectId other = open_reader().snapshots("alice").back().id;
  drop_snapshots(location_, files_, clock_, {other});
  const CopyingReport second = copy({.accept = report.held->commit.id.hex()});
  EXPECT_TRUE(second.has_accepted);
  ASSERT_TRUE(second.held.has_value());
  EXPECT_THAT(second.held->reasons, ElementsAre("it drops the newest backup of alice"));
  EXPECT_EQ(1U, second.commits_behind);
}

TEST_F(CopyGuardingTest, ACopyThatDoesNotKnowItsSnapshotsFollowsNoDrops) {
  const std::vector<std::string> before = copied_keys(kPacksArea);
  prune({nights_[0]});
  copy();
  const std::vector<std::string> after = copied_keys(kPacksArea);
  back_up("bob", 3, 5);
  EXPECT_EQ(0U, copy().commits_behind);
  // The pack of the checkpoint is among these.
  std::vector<std::string> damaged;
  for (const std::string& pack : after) {
    if (std::ranges::find(before, pack) != before.end()) continue;
    fs::copy_file(copy_ / kPacksArea / pack, directory_ / pack);
    fs::resize_file(copy_ / kPacksArea / pack, 100);
    damaged.push_back(pack);
  }
  drop_snapshots(location_, files_, clock_, {nights_.begin() + 1, nights_.end()});
  CopyingReport report = copy();
  ASSERT_TRUE(report.held.has_value());
  EXPECT_THAT(report.held->reasons, ElementsAre(HasSubstr("what it drops is unknown")));
  for (const std::string& pack : damaged) {
    fs::copy_file(directory_ / pack, copy_ / kPacksArea / pack,
                  fs::copy_options::overwrite_existing);
  }
  report = copy();
  ASSERT_TRUE(report.held.has_value());
  EXPECT_THAT(report.held->reasons, Contains("it drops the newest backup of alice"));
  EXPECT_TRUE(copy({.accept = report.held->commit.id.hex()}).has_accepted);
  EXPECT_EQ(content(), copied_content());
}

TEST_F(CopyGuardingTest, AKeyThatIsGoneWaitsToBeAccepted) {
  const std::string key = add_key_file(location_, files_, clock_, directory_ / "second.key");
  copy();
  remove_key(location_, files_, key);
  drop_snapshots(location_, files_, clock_, {nights_[0]});
  const CopyingReport report = copy();
  ASSERT_TRUE(report.held.has_value());
  EXPECT_THAT(report.held->reasons, ElementsAre("the store no longer has the key " + key));
  const CopyingReport accepted = copy({.accept = report.held->commit.id.hex()});
  EXPECT_TRUE(accepted.has_accepted);
  EXPECT_THAT(accepted.vanished_slots, ElementsAre(key));
  EXPECT_THAT(copied_keys(kKeysArea), Contains(key + ".1")) << "a copy removes nothing";
  drop_snapshots(location_, files_, clock_, {nights_[1]});
  EXPECT_TRUE(copy().held.has_value()) << "that it was accepted is remembered elsewhere";
  EXPECT_FALSE(copy({.accepted_slots = {key}}).held.has_value());
  EXPECT_EQ(content(), copied_content());
}

}  // namespace
}  // namespace store
