#include "store/history.h"

#include <random>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/store/drawn_account.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class HistoryTest : public DrawnAccountFixture {
 protected:
  // "INBOX stayed -1 -2 +3", a line for each change.
  std::vector<std::string> changes(std::optional<std::chrono::sys_seconds> since = {}) {
    static constexpr const char* kFates[] = {"stayed", "appeared", "vanished", "renamed",
                                             "regenerated"};
    Reader reader = open_reader();
    std::vector<std::string> lines;
    std::optional<SnapshotInfo> start;
    if (since) start = reader.newest_snapshot("alice", *since);
    for_each_change(reader, "alice", start, [&](const FolderChange& change) {
      std::string line = change.folder.raw_name + " " + kFates[static_cast<int>(change.fate)];
      for (const HeldMessage& message : change.vanished) {
        line += fmt::format(" -{}", message.uid.value);
      }
      for (const HeldMessage& message : change.appeared) {
        line += fmt::format(" +{}", message.uid.value);
      }
      lines.push_back(line);
      befores_.push_back(change.before);
      afters_.push_back(change.after);
    });
    return lines;
  }

  std::vector<SnapshotInfo> befores_;
  std::vector<SnapshotInfo> afters_;
};

TEST_F(HistoryTest, AMessageAppearsAndVanishesBetweenTwoSnapshots) {
  const SnapshotInfo first = back_up({{"INBOX", {{{1, 1}, {2, 2}}}}});
  const SnapshotInfo second = back_up({{"INBOX", {{{1, 1}, {2, 2}, {3, 3}}}}});
  const SnapshotInfo third = back_up({{"INBOX", {{{1, 1}, {3, 3}}}}});
  EXPECT_THAT(changes(), ElementsAre("INBOX stayed +3", "INBOX stayed -2"));
  EXPECT_THAT(befores_, ElementsAre(first, second));
  EXPECT_THAT(afters_, ElementsAre(second, third));
}

TEST_F(HistoryTest, UnchangedMessagesAreNotReported) {
  back_up({{"INBOX", {{{1, 1}}}}});
  back_up({{"INBOX", {{{1, 1}}}}});
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_THAT(open_reader().accounts(), ElementsAre("alice"));
}

TEST_F(HistoryTest, AnAccountWithoutSnapshotsHasNoHistory) {
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(HistoryTest, SinceStartsAtTheLastEarlierSnapshot) {
  back_up({{"INBOX", {{{1, 1}, {2, 2}}}}});
  const SnapshotInfo second = back_up({{"INBOX", {{{1, 1}}}}});
  back_up({{"INBOX", {}}});
  EXPECT_THAT(changes(second.time), ElementsAre("INBOX stayed -1"));
  EXPECT_THAT(changes(second.time + std::chrono::hours(1)), IsEmpty());
}

TEST_F(HistoryTest, FoldersAppearAndVanish) {
  back_up({{"INBOX", {{{1, 1}}}}, {"Old", {{{5, 5}}, 8}}});
  const SnapshotInfo second = back_up({{"INBOX", {{{1, 1}}}}, {"New", {{{6, 6}}, 9}}});
  EXPECT_THAT(changes(), ElementsAre("New appeared +6", "Old vanished -5"));
  EXPECT_THAT(afters_, ElementsAre(second, second));
}

TEST_F(HistoryTest, ARenamedFolderLosesNothing) {
  back_up({{"INBOX", {{{1, 1}}}}, {"Old", {{{5, 5}}, 8}}, {"Tagged", {{{6, 6}}, 9, "F1"}}});
  back_up({{"INBOX", {{{1, 1}}}}, {"New", {{{5, 5}}, 8}}, {"Other", {{{6, 6}, {7, 7}}, 9, "F1"}}});
  EXPECT_THAT(changes(), UnorderedElementsAre("New renamed", "Other renamed +7"));
}

TEST_F(HistoryTest, EachVanishedFolderIsTheEarlierOneOfOneRenamedFolder) {
  back_up({{"INBOX", {{{1, 1}}}}, {"A", {{{5, 5}}, 8}}, {"B", {{{5, 5}}, 8}}});
  back_up(
      {{"INBOX", {{{1, 1}}}}, {"C", {{{5, 5}}, 8}}, {"D", {{{5, 5}}, 8}}, {"E", {{{5, 5}}, 8}}});
  EXPECT_THAT(changes(), UnorderedElementsAre("C renamed", "D renamed", "E appeared +5"));
}

TEST_F(HistoryTest, ANewGenerationIsComparedByContent) {
  back_up({{"INBOX", {{{1, 1}, {2, 2}, {3, 2}}, 7}}});
  back_up({{"INBOX", {{{1, 2}, {2, 9}, {3, 1}}, 8}}});
  EXPECT_THAT(changes(), ElementsAre("INBOX regenerated -3 +2"));
}

TEST_F(HistoryTest, AFolderChangesOnlyOnceReadInFull) {
  const SnapshotInfo first = back_up({{"INBOX", {{{1, 1}, {2, 2}}}}});
  back_up({{"INBOX", {{{1, 1}}, 8, "", FolderCompleteness::kInProgress}},
           {"Half", {{{1, 1}}, 9, "", FolderCompleteness::kInProgress}}});
  const SnapshotInfo third = back_up({{"INBOX", {{{1, 1}, {2, 3}}, 8}}, {"Half", {{{1, 1}}, 9}}});
  EXPECT_THAT(changes(), ElementsAre("INBOX regenerated -2 +2", "Half appeared +1"));
  EXPECT_EQ(first, befores_.at(0));
  EXPECT_EQ(third, afters_.at(0));
}

TEST_F(HistoryTest, AMovedMessageIsStillHeld) {
  back_up({{"INBOX", {{{1, 1}, {2, 2}}}}, {"Trash", {}}});
  const SnapshotInfo second = back_up({{"INBOX", {}}, {"Trash", {{{1, 2}}}}});
  Reader reader = open_reader();
  std::set<MessageId> vanished;
  for_each_change(reader, "alice", {}, [&](const FolderChange& change) {
    for (const HeldMessage& message : change.vanished) vanished.insert(message.message);
  });
  EXPECT_EQ(2U, vanished.size());
  const std::set<MessageId> held = held_anywhere(reader, second, vanished);
  ASSERT_EQ(1U, held.size());
  EXPECT_EQ(drawn_text(2), base::to_text(reader.read_message(*held.begin()).bytes()));
}

// Folders kept as plain maps give the same changes, whatever the shape of their trees.
TEST_F(HistoryTest, RandomChangesAreReportedLikeThePlainModel) {
  std::mt19937 random(7);
  const auto below = [&](unsigned bound) { return static_cast<std::uint32_t>(random() % bound); };
  DrawnAccount account = {{"INBOX", {}}, {"Large", {}}};
  std::vector<DrawnAccount> nights;
  for (int night = 0; night < 12; ++night) {
    for (auto& [name, folder] : account) {
      const std::uint32_t reach = name == "Large" ? 1U << (6 + below(20)) : 200;
      for (std::uint32_t i = below(120); i > 0; --i) {
        folder.messages[1 + below(reach)] = below(50);
      }
      for (std::uint32_t i = below(100); i > 0; --i) {
        const auto gone = folder.messages.lower_bound(1 + below(reach));
        if (gone != folder.messages.end()) folder.messages.erase(gone);
      }
    }
    nights.push_back(account);
    back_up(account);
  }
  std::vector<std::string> expected;
  for (std::size_t night = 1; night < nights.size(); ++night) {
    for (const auto& [name, folder] : nights[night]) {
      const auto& before = nights[night - 1].at(name).messages;
      std::string line = name + " stayed";
      const std::size_t none = line.size();
      const auto add = [&](char sign, const auto& these, const auto& those) {
        for (const auto& [uid, message] : these) {
          const auto other = those.find(uid);
          if (other == those.end() || other->second != message) {
            line += fmt::format(" {}{}", sign, uid);
          }
        }
      };
      add('-', before, folder.messages);
      add('+', folder.messages, before);
      if (line.size() > none) expected.push_back(line);
    }
  }
  EXPECT_EQ(expected, changes());
}

}  // namespace
}  // namespace store
