#include "store/format/commit_branches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

ObjectId branch_id(unsigned number) {
  ObjectId made;
  made.bytes[0] = static_cast<std::byte>(number);
  return made;
}

ChainLink link_of(unsigned id, unsigned previous, std::uint64_t number, std::uint64_t epoch) {
  return {.id = branch_id(id),
          .previous = branch_id(previous),
          .number = number,
          .rank = {.epoch = epoch, .host = {}}};
}

SnapshotLine line_with(const std::string& account, std::uint64_t sequence, int second) {
  SnapshotLine line;
  line.account = account;
  line.sequence = sequence;
  line.time = std::chrono::sys_seconds(std::chrono::seconds(second));
  return line;
}

TEST(LosingCommitsTest, AChainHasNone) {
  EXPECT_THAT(losing_commits({}), IsEmpty());
  EXPECT_THAT(losing_commits({link_of(1, 0, 1, 1), link_of(3, 2, 3, 0), link_of(2, 1, 2, 5)}),
              IsEmpty());
}

TEST(LosingCommitsTest, AMissingCommitIsNoFork) {
  EXPECT_THAT(losing_commits({link_of(1, 0, 1, 1), link_of(4, 3, 4, 1)}), IsEmpty());
}

TEST(LosingCommitsTest, TheSameCommitTwiceIsNoFork) {
  EXPECT_THAT(losing_commits({link_of(1, 0, 1, 1), link_of(1, 0, 1, 0), link_of(2, 1, 2, 1)}),
              IsEmpty());
}

TEST(LosingCommitsTest, TheNewerOwnerCounts) {
  EXPECT_THAT(losing_commits({link_of(1, 0, 1, 1), link_of(2, 1, 2, 3), link_of(3, 1, 2, 2)}),
              ElementsAre(branch_id(3)));
  EXPECT_THAT(losing_commits({link_of(1, 0, 1, 1), link_of(2, 1, 2, 0), link_of(3, 1, 2, 1)}),
              ElementsAre(branch_id(2)))
      << "it has no record";
}

TEST(LosingCommitsTest, TheBranchThatTheNewestOwnerContinuedCounts) {
  EXPECT_THAT(losing_commits({link_of(1, 0, 1, 1), link_of(2, 1, 2, 1), link_of(3, 1, 2, 2),
                              link_of(4, 2, 3, 3)}),
              ElementsAre(branch_id(3)));
}

TEST(LosingCommitsTest, AllThatFollowsOneThatLosesLosesToo) {
  EXPECT_THAT(losing_commits({link_of(1, 0, 1, 1), link_of(2, 1, 2, 2), link_of(3, 1, 2, 1),
                              link_of(4, 3, 3, 1), link_of(5, 4, 4, 1), link_of(6, 2, 3, 2)}),
              ElementsAre(branch_id(3), branch_id(4), branch_id(5)));
}

TEST(LosingCommitsTest, TheOrderOfTheCommitsDoesNotMatter) {
  std::vector<ChainLink> links{link_of(1, 0, 1, 1), link_of(2, 1, 2, 1), link_of(3, 1, 2, 1),
                               link_of(4, 2, 3, 1), link_of(5, 3, 3, 1)};
  const std::set<ObjectId> losing = losing_commits(links);
  EXPECT_THAT(losing, SizeIs(2));
  for (std::size_t i = 0; i < links.size(); ++i) {
    std::ranges::rotate(links, links.begin() + 1);
    EXPECT_EQ(losing, losing_commits(links));
  }
}

TEST(MakesSnapshotsTest, UnlessItRepeatsThoseOfOthers) {
  EXPECT_FALSE(makes_snapshots({}));
  Commit commit;
  EXPECT_TRUE(makes_snapshots({{branch_id(1), commit}}));
  commit.dropped = {branch_id(7)};
  EXPECT_FALSE(makes_snapshots({{branch_id(1), commit}}));
  commit.dropped.clear();
  commit.is_checkpoint = true;
  EXPECT_FALSE(makes_snapshots({{branch_id(1), commit}, {branch_id(2), Commit()}}));
}

TEST(LinesOfLosingTest, AreAllThatNoOtherCommitDropped) {
  const Keys keys = Keys::derive(random_key());
  Commit losing;
  losing.snapshots = {line_with("alice", 1, 1), line_with("bob", 1, 1)};
  Commit other;
  other.dropped = {snapshot_id(keys, losing.snapshots[1])};
  const auto lines = lines_of_losing({{branch_id(1), losing}}, {{branch_id(2), other}}, keys);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(losing.snapshots[0], lines.begin()->second);
}

TEST(PinsOfLosingTest, TheLaterEndCounts) {
  const std::chrono::sys_seconds early{std::chrono::hours(1)};
  const std::chrono::sys_seconds late{std::chrono::hours(2)};
  Commit losing;
  losing.pins = {{.snapshot = branch_id(1), .until = early},
                 {.snapshot = branch_id(2), .until = late},
                 {.snapshot = branch_id(3), .until = {}},
                 {.snapshot = branch_id(4), .until = early}};
  std::map<ObjectId, std::chrono::sys_seconds> ends{
      {branch_id(1), late}, {branch_id(2), early}, {branch_id(3), early}};
  add_pins_of_losing({{branch_id(9), losing}}, ends);
  EXPECT_EQ((std::map<ObjectId, std::chrono::sys_seconds>{{branch_id(1), late},
                                                          {branch_id(2), late},
                                                          {branch_id(3), early},
                                                          {branch_id(4), early}}),
            ends);
}

TEST(SeparateSequencesTest, KeepsTheOrderAndUsesNoneTwice) {
  std::map<ObjectId, SnapshotLine> lines{
      {branch_id(1), line_with("alice", 5, 30)}, {branch_id(2), line_with("alice", 5, 20)},
      {branch_id(3), line_with("alice", 6, 10)}, {branch_id(4), line_with("alice", 2, 40)},
      {branch_id(5), line_with("bob", 5, 50)},   {branch_id(6), line_with("alice", 9, 1)},
      {branch_id(7), line_with("alice", 0, 1)}};
  separate_sequences(lines);
  std::vector<std::uint64_t> sequences;
  for (const auto& [id, line] : lines) sequences.push_back(line.sequence);
  EXPECT_THAT(sequences, ElementsAre(6U, 5U, 7U, 2U, 5U, 9U, 0U));
}

}  // namespace
}  // namespace store
