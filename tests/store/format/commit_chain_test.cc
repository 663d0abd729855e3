#include "store/format/commit_chain.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class CommitChainTest : public testing::Test {
 protected:
  ObjectId id(std::uint64_t number) {
    ObjectId made;
    made.bytes[0] = static_cast<std::byte>(number);
    return made;
  }

  Commit& add(std::uint64_t number) {
    Commit commit;
    commit.number = number;
    commit.previous = id(number - 1);
    commits_.emplace_back(id(number), commit);
    return commits_.back().second;
  }

  static SnapshotLine line(const std::string& account) {
    SnapshotLine made;
    made.account = account;
    return made;
  }

  static PackName pack(unsigned number) {
    PackName name;
    name.bytes[0] = static_cast<std::byte>(number);
    return name;
  }

  Keys keys_ = Keys::derive(random_key());
  std::vector<NamedCommit> commits_;
};

TEST_F(CommitChainTest, ACompleteChainHasNoBreaksInAnyOrder) {
  add(3);
  add(1);
  add(2);
  EXPECT_THAT(find_breaks(commits_, {}), IsEmpty());
  EXPECT_THAT(find_breaks({}, {}), IsEmpty());
}

TEST_F(CommitChainTest, AMissingCommitIsNamed) {
  add(2);
  add(5);
  EXPECT_THAT(find_breaks(commits_, {}),
              ElementsAre("commits 1 to 1 are missing", "commits 3 to 4 are missing"));
}

TEST_F(CommitChainTest, ACommitThatFollowsADifferentOneIsNamed) {
  add(1);
  add(2).previous = id(9);
  EXPECT_THAT(find_breaks(commits_, {}),
              ElementsAre(HasSubstr("commit 2: it names a different previous commit")));
}

TEST_F(CommitChainTest, ACheckpointJoinsTheBranchesOfAFork) {
  add(1);
  add(2);
  Commit longer;
  longer.number = 2;
  longer.previous = id(1);
  commits_.emplace_back(id(20), longer);
  longer.number = 3;
  longer.previous = id(20);
  commits_.emplace_back(id(21), longer);
  EXPECT_THAT(find_breaks(commits_, {}), SizeIs(1));
  Commit& join = add(4);
  join.is_checkpoint = true;
  join.previous = id(2);
  EXPECT_THAT(find_breaks(commits_, {}), IsEmpty());
  EXPECT_THAT(find_breaks({commits_.rbegin(), commits_.rend()}, {}), IsEmpty());
  join.previous = id(30);
  EXPECT_THAT(find_breaks(commits_, {}), IsEmpty()) << "that one may be deleted";
}

TEST_F(CommitChainTest, ACommitMaySkipNumbersThatLost) {
  add(1);
  add(5).previous = id(1);
  EXPECT_THAT(find_breaks(commits_, {}), IsEmpty());
}

TEST_F(CommitChainTest, TheLastPinOfASnapshotCounts) {
  const std::chrono::sys_seconds until{std::chrono::hours(1)};
  add(1).pins = {{.snapshot = id(10), .until = until}};  // forgotten by the checkpoint
  Commit& checkpoint = add(2);
  checkpoint.is_checkpoint = true;
  checkpoint.pins = {{.snapshot = id(11), .until = until},
                     {.snapshot = id(12), .until = until},
                     {.snapshot = id(13), .until = until},
                     {.snapshot = id(14), .until = until}};
  add(4).dropped = {id(13)};
  add(3).pins = {{.snapshot = id(11), .until = kPinnedWithoutEnd},
                 {.snapshot = id(12), .until = {}}};
  EXPECT_THAT(living_pins(commits_),
              ElementsAre(std::pair(id(11), kPinnedWithoutEnd), std::pair(id(14), until)));
}

TEST_F(CommitChainTest, CommitsBeforeACheckpointAreNotNeeded) {
  add(2);
  add(7).is_checkpoint = true;
  add(8);
  EXPECT_THAT(find_breaks(commits_, {}), IsEmpty());
}

TEST_F(CommitChainTest, APackThatACommitNamesMustExistUnlessItIsCondemned) {
  add(1).packs = {pack(1), pack(2), pack(3)};
  add(2).condemned = {{.pack = pack(3)}};
  const std::vector<std::string> breaks = find_breaks(commits_, {pack(1)});
  ASSERT_THAT(breaks, SizeIs(1));
  EXPECT_THAT(breaks[0], HasSubstr(pack(2).hex()));
}

TEST_F(CommitChainTest, ADroppedSnapshotNoLongerExists) {
  add(1).snapshots = {line("alice"), line("bob")};
  add(2).dropped = {snapshot_id(keys_, line("alice"))};
  const auto living = living_snapshots(commits_, keys_);
  ASSERT_THAT(living, SizeIs(1));
  EXPECT_EQ("bob", living.begin()->second.account);
}

TEST_F(CommitChainTest, ACheckpointNamesAllLivingSnapshots) {
  add(1).snapshots = {line("alice"), line("bob")};
  Commit& checkpoint = add(2);
  checkpoint.is_checkpoint = true;
  checkpoint.snapshots = {line("bob")};
  EXPECT_THAT(living_snapshots(commits_, keys_), SizeIs(1));
}

TEST_F(CommitChainTest, OfTwoLinesForOneSnapshotTheHigherSequenceCounts) {
  add(1).snapshots = {line("alice")};
  add(2).snapshots = {line("alice")};
  commits_[0].second.snapshots[0].sequence = 7;
  commits_[1].second.snapshots[0].messages = 3;
  const auto living = living_snapshots(commits_, keys_);
  ASSERT_THAT(living, SizeIs(1));
  EXPECT_EQ(7U, living.begin()->second.sequence);
  EXPECT_EQ(3U, living.begin()->second.messages);
}

TEST_F(CommitChainTest, LinesOfOneSecondAreNumberedInTheOrderOfTheirCommits) {
  for (const std::uint64_t number : {3U, 1U, 2U}) {
    Commit& commit = add(number);
    for (const std::uint64_t messages : {number * 10, number * 10 + 1}) {
      commit.snapshots.push_back(line("alice"));
      commit.snapshots.back().messages = messages;
      commit.snapshots.back().root = id(messages);
    }
  }
  auto living = living_snapshots(commits_, keys_);
  ASSERT_THAT(living, SizeIs(6));
  number_lines(living, line_places(commits_, keys_));
  std::map<std::uint64_t, std::uint64_t> messages;  // by sequence
  for (const auto& [name, each] : living) messages[each.sequence] = each.messages;
  using testing::Pair;
  EXPECT_THAT(messages, ElementsAre(Pair(1U, 10U), Pair(2U, 11U), Pair(3U, 20U), Pair(4U, 21U),
                                    Pair(5U, 30U), Pair(6U, 31U)));
}

TEST_F(CommitChainTest, LinesWithoutASequenceAreNumberedBelowTheOthers) {
  const auto numbered = [&](std::uint64_t lowest) {
    std::map<ObjectId, SnapshotLine> lines;
    for (const int day : {3, 1, 2}) {
      SnapshotLine made = line("alice");
      made.time = std::chrono::sys_seconds(std::chrono::days(day));
      lines[snapshot_id(keys_, made)] = made;
    }
    if (lowest > 0) lines[id(9)] = line("alice");
    if (lowest > 0) lines[id(9)].sequence = lowest;
    lines[id(8)] = line("bob");
    number_lines(lines, {});
    EXPECT_EQ(1U, lines[id(8)].sequence);
    std::map<std::int64_t, std::uint64_t> by_day;
    for (const auto& [name, each] : lines) {
      const auto day = std::chrono::duration_cast<std::chrono::days>(each.time.time_since_epoch());
      if (day.count() > 0) by_day[day.count()] = each.sequence;
    }
    return by_day;
  };
  const auto expect = [&](std::uint64_t lowest, std::uint64_t one, std::uint64_t two,
                          std::uint64_t three) {
    EXPECT_THAT(numbered(lowest),
                ElementsAre(std::pair<const std::int64_t, std::uint64_t>(1, one),
                            std::pair<const std::int64_t, std::uint64_t>(2, two),
                            std::pair<const std::int64_t, std::uint64_t>(3, three)));
  };
  expect(0, 1, 2, 3);
  expect(4, 1, 2, 3);
  expect(9, 6, 7, 8);
  expect(2, 1, 1, 1);
}

}  // namespace
}  // namespace store
