#include "store/snapshot_difference.h"

#include <algorithm>
#include <map>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/store/drawn_account.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SnapshotDifferenceTest : public DrawnAccountFixture {
 protected:
  // "Old > New renamed -1 +2 ~3:a>b", a line for each folder that differs.
  std::vector<std::string> differences(const SnapshotInfo& older, const SnapshotInfo& newer) {
    static constexpr const char* kFates[] = {"stayed", "appeared", "vanished", "renamed",
                                             "regenerated"};
    Reader reader = open_reader();
    std::vector<std::string> lines;
    for_each_difference(reader, older, newer, [&](const FolderDifference& difference) {
      std::string line = difference.newer ? difference.newer->raw_name : difference.older->raw_name;
      if (difference.fate == FolderFate::kRenamed) {
        line = difference.older->raw_name + " > " + line;
      }
      line += std::string(" ") + kFates[static_cast<int>(difference.fate)];
      if (difference.is_uncertain()) line += " uncertain";
      for (const auto& each : difference.removed) {
        line += fmt::format(" -{}", each.message.uid.value);
      }
      for (const auto& each : difference.added) line += fmt::format(" +{}", each.message.uid.value);
      for (const auto& each : difference.other_flags) {
        line += fmt::format(" ~{}:{}>{}", each.message.uid.value, fmt::join(each.older, ","),
                            fmt::join(each.newer, ","));
      }
      lines.push_back(line);
    });
    return lines;
  }
};

TEST_F(SnapshotDifferenceTest, MessagesAppearVanishAndChangeFlags) {
  const auto first = back_up({{"INBOX", {{{1, {1}}, {2, {2}}, {3, {3, {"a"}}}}}}, {"Other", {}}});
  back_up({{"INBOX", {{{9, {9}}}}}});  // states in between do not matter
  const auto last = back_up({{"INBOX", {{{1, {1}}, {3, {3, {"b"}}}, {4, {4}}}}}, {"Other", {}}});
  EXPECT_THAT(differences(first, last), ElementsAre("INBOX stayed -2 +4 ~3:a>b"));
  EXPECT_THAT(differences(last, first), ElementsAre("INBOX stayed -4 +2 ~3:b>a"));
  EXPECT_THAT(differences(first, first), IsEmpty());
}

TEST_F(SnapshotDifferenceTest, AUidThatAnotherMessageHasIsRemovedAndAdded) {
  const auto first = back_up({{"INBOX", {{{1, {1}}, {2, {2}}}}}});
  const auto last = back_up({{"INBOX", {{{1, {5}}, {2, {2}}}}}});
  EXPECT_THAT(differences(first, last), ElementsAre("INBOX stayed -1 +1"));
}

TEST_F(SnapshotDifferenceTest, FoldersAppearVanishAndAreRenamed) {
  const auto first = back_up(
      {{"Gone", {{{1, {1}}}, 5}}, {"Plain", {{{1, {2}}}, 6}}, {"Tagged", {{{1, {3}}}, 8, "F1"}}});
  const auto last = back_up({{"New", {{{1, {4}}}, 9}},
                             {"Renamed", {{{1, {2}}}, 6}},
                             {"Zagged", {{{1, {3, {"a"}}}, {2, {5}}}, 8, "F1"}}});
  EXPECT_THAT(differences(first, last),
              ElementsAre("New appeared +1", "Plain > Renamed renamed",
                          "Tagged > Zagged renamed +2 ~1:>a", "Gone vanished -1"));
}

TEST_F(SnapshotDifferenceTest, TheMailboxIdCountsMoreThanTheName) {
  const auto first = back_up({{"A", {{{1, {1}}}, 5, "F1"}}, {"B", {{{1, {2}}}, 6, "F2"}}});
  const auto last = back_up({{"A", {{{1, {2}}}, 6, "F2"}}, {"B", {{{1, {1}}}, 5, "F1"}}});
  EXPECT_THAT(differences(first, last), ElementsAre("B > A renamed", "A > B renamed"));
  // An ID that several folders have decides nothing.
  const auto odd = back_up({{"A", {{{1, {1}}}, 5, "F"}}, {"B", {{{1, {2}}}, 6, "F"}}});
  const auto later = back_up({{"A", {{{1, {1}}}, 5, "F"}}, {"B", {{}, 6, "F"}}});
  EXPECT_THAT(differences(odd, later), ElementsAre("B stayed -1"));
}

TEST_F(SnapshotDifferenceTest, AFolderThatWasNotReadInFullIsUncertain) {
  const auto first = back_up({{"INBOX", {{{1, {1}}, {2, {2}}}}}});
  const auto last = back_up({{"INBOX", {{{1, {1}}}, 8, "", FolderCompleteness::kInProgress}}});
  EXPECT_THAT(differences(first, last), ElementsAre("INBOX regenerated uncertain -2"));
}

// The record of a folder that could not be read is its last good state, and so equal to the last.
TEST_F(SnapshotDifferenceTest, AFolderThatWasNotReadIsUncertainThoughItsRecordIsEqual) {
  const DrawnFolder read{.messages = {{1, {1}}}};
  const DrawnFolder unread{.messages = {{1, {1}}}, .completeness = FolderCompleteness::kUnreadable};
  const auto first = back_up({{"A", read}, {"INBOX", read}});
  const auto second = back_up({{"A", unread}, {"INBOX", read}});
  const auto third = back_up({{"A", unread}, {"INBOX", read}});
  EXPECT_THAT(differences(first, second), ElementsAre("A stayed uncertain"));
  EXPECT_THAT(differences(third, first), ElementsAre("A stayed uncertain"));
  EXPECT_THAT(differences(second, third), ElementsAre("A stayed uncertain"));
  EXPECT_THAT(differences(third, third), IsEmpty()) << "a snapshot does not differ from itself";
}

TEST_F(SnapshotDifferenceTest, AReplacedFolderIsNotTheOldOne) {
  const auto first = back_up({{"Work", {{{1, {1}}}, 5, "F1"}}});
  const auto replaced = back_up({{"Work", {{{1, {2}}}, 5, "F2"}}});
  EXPECT_THAT(differences(first, replaced), ElementsAre("Work regenerated -1 +1"));
  const auto renamed = back_up({{"Old", {{{1, {1}}}, 5, "F1"}}, {"Work", {{{1, {2}}}, 5, "F2"}}});
  EXPECT_THAT(differences(first, renamed), ElementsAre("Work > Old renamed", "Work appeared +1"));
  const auto without_ids = back_up({{"Work", {{{1, {1}}}, 5}}});
  EXPECT_THAT(differences(without_ids, first), IsEmpty()) << "the server reports IDs now";
}

TEST_F(SnapshotDifferenceTest, InboxIsOneFolderInAnyCase) {
  const auto first = back_up({{"INBOX", {{{1, {1}}, {2, {2}}}}}});
  const auto last = back_up({{"Inbox", {{{1, {1}}, {3, {3}}}}}});
  EXPECT_THAT(differences(first, last), ElementsAre("Inbox stayed -2 +3"));
}

// Folders kept as plain maps differ in the same way, whatever the shape of their trees.
TEST_F(SnapshotDifferenceTest, RandomChangesAreFoundLikeInThePlainModel) {
  std::mt19937 random(11);
  const auto below = [&](unsigned bound) { return static_cast<std::uint32_t>(random() % bound); };
  const std::vector<std::vector<std::string>> flags = {{}, {"a"}, {"b"}, {"a", "b"}};
  DrawnFolder box;
  std::vector<std::pair<DrawnFolder, SnapshotInfo>> nights;
  for (int night = 0; night < 8; ++night) {
    const std::uint32_t reach = 1U << (6 + below(14));
    for (std::uint32_t i = below(150); i > 0; --i) {
      box.messages[1 + below(reach)] = {below(40), flags[below(4)]};
    }
    for (std::uint32_t i = below(60); i > 0; --i) {
      const auto found = box.messages.lower_bound(1 + below(reach));
      if (found != box.messages.end()) found->second.flags = flags[below(4)];
    }
    for (std::uint32_t i = below(80); i > 0; --i) {
      const auto found = box.messages.lower_bound(1 + below(reach));
      if (found != box.messages.end()) box.messages.erase(found);
    }
    nights.emplace_back(box, back_up({{"Large", box}}));
  }
  for (const auto& [older, from] : nights) {
    for (const auto& [newer, to] : nights) {
      std::string line = "Large stayed";
      const std::size_t unchanged = line.size();
      const auto is_in = [](const DrawnFolder& other, std::uint32_t uid, const DrawnMessage& mail) {
        const auto found = other.messages.find(uid);
        return found != other.messages.end() && found->second.content == mail.content;
      };
      for (const auto& [uid, mail] : older.messages) {
        if (!is_in(newer, uid, mail)) line += fmt::format(" -{}", uid);
      }
      for (const auto& [uid, mail] : newer.messages) {
        if (!is_in(older, uid, mail)) line += fmt::format(" +{}", uid);
      }
      for (const auto& [uid, mail] : newer.messages) {
        if (!is_in(older, uid, mail) || older.messages.at(uid).flags == mail.flags) continue;
        line += fmt::format(" ~{}:{}>{}", uid, fmt::join(older.messages.at(uid).flags, ","),
                            fmt::join(mail.flags, ","));
      }
      std::vector<std::string> expected;
      if (line.size() > unchanged) expected.push_back(line);
      EXPECT_EQ(expected, differences(from, to));
    }
  }
}

}  // namespace
}  // namespace store
