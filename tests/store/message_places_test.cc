#include "store/message_places.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

std::string numbered(unsigned content) {
  return fmt::format("Subject: {}\r\n\r\nbody\r\n", content);
}

class MessagePlacesTest : public StoreFixture {
 protected:
  MessagePlacesTest() { make_store(); }

  using Folder = std::map<std::uint32_t, unsigned>;  // contents by UID

  SnapshotInfo back_up(const std::map<std::string, Folder>& folders,
                       const std::string& account = "alice",
                       const std::vector<std::string>& flags = {"\\Seen"}) {
    Writer writer = open_writer();
    std::vector<FolderRecord> records;
    for (const auto& [name, messages] : folders) {
      FolderDraft draft(writer.reader(), folder_named(name));
      for (const auto& [uid, content] : messages) {
        const StoredMessage stored = add_message(writer, numbered(content));
        ids_[content] = stored.id.object.hex();
        draft.put(entry_of(uid, stored, flags), stored.digest);
      }
      records.push_back(writer.seal(draft));
    }
    const SnapshotInfo snapshot = add_snapshot(writer, account, records);
    writer.commit();
    return snapshot;
  }

  // A folder with so many messages that its tree has branches.
  static Folder large(std::uint32_t count) {
    Folder folder;
    for (std::uint32_t uid = 1; uid <= count; ++uid) folder[uid] = 1'000 + uid;
    return folder;
  }

  std::optional<MessagePlaces> find(const std::string& digits,
                                    PlacesWanted wanted = PlacesWanted::kAll) {
    Reader reader = open_reader();
    return find_message(reader, "alice", digits, wanted);
  }

  std::map<unsigned, std::string> ids_;  // by content
};

TEST_F(MessagePlacesTest, EachFolderAndUidHasItsOwnSpanOfSnapshots) {
  const SnapshotInfo first = back_up({{"INBOX", {{1, 1}, {2, 2}}}});
  const SnapshotInfo second =
      back_up({{"INBOX", {{1, 1}, {2, 2}}}, {"Old", {{7, 2}}}}, "alice", {"\\Flagged", "\\Seen"});
  const SnapshotInfo third = back_up({{"INBOX", {{1, 1}}}, {"Old", {{7, 2}}}});
  back_up({{"INBOX", {{1, 1}}}});
  const auto found = find(ids_[2].substr(0, 16));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->message.object.hex(), ids_[2]);
  EXPECT_THAT(found->snapshots, ElementsAre(first, second, third));
  EXPECT_THAT(found->damage, IsEmpty());
  ASSERT_EQ(found->places.size(), 2U);
  const HeldPlace& old = found->places[0];
  EXPECT_EQ(old.folder.raw_name, "Old");
  EXPECT_EQ(old.entry.uid.value, 7U);
  EXPECT_EQ(old.first, second);
  EXPECT_EQ(old.last, third);
  EXPECT_EQ(old.snapshots, 2U);
  EXPECT_THAT(old.entry.flags, ElementsAre("\\Seen"));
  const HeldPlace& inbox = found->places[1];
  EXPECT_EQ(inbox.folder.raw_name, "INBOX");
  EXPECT_EQ(inbox.first, first);
  EXPECT_EQ(inbox.last, second);
  EXPECT_THAT(inbox.entry.flags, ElementsAre("\\Flagged", "\\Seen")) << "as last seen";
  EXPECT_EQ(inbox.entry.size, numbered(2).size());
}

TEST_F(MessagePlacesTest, TheMessagesOfOtherAccountsDoNotExist) {
  back_up({{"INBOX", {{1, 1}}}});
  back_up({{"INBOX", {{1, 2}}}}, "bob");
  EXPECT_TRUE(find(ids_[1]));
  for (const auto wanted : {PlacesWanted::kAll, PlacesWanted::kOne}) {
    EXPECT_FALSE(find(ids_[2], wanted)) << "bob's";
    EXPECT_FALSE(find(ids_[2].substr(0, 8), wanted));
    EXPECT_FALSE(find(std::string(64, '0'), wanted)) << "of no message";
    EXPECT_FALSE(find("00000000", wanted));
  }
}

TEST_F(MessagePlacesTest, LargeFoldersAreSearchedToTheLastLeaf) {
  const SnapshotInfo first = back_up({{"INBOX", large(700)}});
  back_up({{"INBOX", large(699)}});
  const auto found = find(ids_[1'700]);
  ASSERT_TRUE(found);
  EXPECT_THAT(found->snapshots, ElementsAre(first));
  const auto middle = find(ids_[1'350]);
  ASSERT_TRUE(middle);
  EXPECT_EQ(middle->snapshots.size(), 2U);
  EXPECT_EQ(middle->places.at(0).snapshots, 2U);
}

TEST_F(MessagePlacesTest, OnePlaceIsEnoughForAProof) {
  back_up({{"INBOX", {{1, 1}}}});
  const SnapshotInfo second = back_up({{"INBOX", {{1, 1}}}, {"Old", {{3, 1}}}});
  const auto found = find(ids_[1], PlacesWanted::kOne);
  ASSERT_TRUE(found);
  EXPECT_THAT(found->snapshots, ElementsAre(second));
  EXPECT_EQ(found->places.size(), 1U);
}

// A snapshot that can't be searched is no proof that the message is gone.
TEST_F(MessagePlacesTest, ASnapshotThatCannotBeReadIsNotOneWithoutTheMessage) {
  const SnapshotInfo first = back_up({{"INBOX", {{1, 1}, {2, 2}}}});
  const auto whole = packs();
  const SnapshotInfo second = back_up({{"INBOX", {{1, 1}}}});
  EXPECT_THAT(find(ids_[2])->unsearched, IsEmpty());
  for (const base::Path& pack : packs()) {
    if (std::ranges::find(whole, pack) == whole.end()) std::filesystem::remove(pack);
  }
  const auto found = find(ids_[2]);
  ASSERT_TRUE(found);
  EXPECT_THAT(found->snapshots, ElementsAre(first));
  EXPECT_THAT(found->unsearched, ElementsAre(second));
  EXPECT_THAT(found->damage, Not(IsEmpty()));
  EXPECT_THAT(find(ids_[1])->snapshots, ElementsAre(first));
}

TEST_F(MessagePlacesTest, DigitsOfSeveralMessagesAreRefused) {
  back_up({{"INBOX", large(300)}});
  // Shorter than people may type, to have two of them.
  for (const auto wanted : {PlacesWanted::kAll, PlacesWanted::kOne}) {
    EXPECT_ERROR(kUsage, "give more digits", find("a", wanted));
  }
}

}  // namespace
}  // namespace store
