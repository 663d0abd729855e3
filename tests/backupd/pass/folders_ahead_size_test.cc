// The sizes of many small folders, in first and in later backups.
#include <algorithm>
#include <string>

#include <fmt/core.h>

#include "tests/backupd/pass/folders_ahead_fixture.h"

namespace backupd {
namespace {

class FoldersAheadSizeTest : public FoldersAheadFixture {
 protected:
  int opened_once() const {
    int once = 0;
    for (int i = 0; i < kSmallFolders; ++i) once += times_opened(name(i)) == 1 ? 1 : 0;
    return once;
  }
};

// A server may open a folder for its size. With nothing to compare with, only the folders that are
// open are asked for it.
TEST_F(FoldersAheadSizeTest, TheListOfAFirstBackupHasNoSizes) {
  EXPECT_EQ(run().status, PassStatus::kComplete);
  const auto has_size = [](const std::string& command) {
    return command.starts_with("STATUS") && command.find("SIZE") != std::string::npos;
  };
  const auto last = std::find_if(server_.heard().rbegin(), server_.heard().rend(), has_size);
  ASSERT_NE(last, server_.heard().rend());
  EXPECT_EQ(*last, "STATUS \"f98\" (MESSAGES UIDNEXT UIDVALIDITY SIZE)") << "of the last folder";
  EXPECT_FALSE(std::any_of(server_.heard().begin(),
                           std::ranges::find(server_.heard(), "EXAMINE \"INBOX\""), has_size));
  const std::size_t heard = server_.heard().size();
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_TRUE(std::any_of(server_.heard().begin() + static_cast<std::ptrdiff_t>(heard),
                          server_.heard().end(), has_size))
      << "a later backup compares them";
}

TEST_F(FoldersAheadSizeTest, TheSizesOfALaterListAreEnough) {
  run();
  const std::size_t heard = server_.heard().size();
  for (int i = 0; i < 40; ++i) {
    server_.folder(fmt::format("new{:02}", i))
        .message(1, fmt::format("Subject: new {}\r\n\r\n", i));
  }
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_TRUE(has_requested_ahead(heard));
  EXPECT_EQ(times("EXAMINE \"new20\""), 1);
  EXPECT_EQ(times("STATUS \"new20\" (MESSAGES UIDNEXT UIDVALIDITY SIZE)"), 1) << "of the list";
}

// The list of a first backup does not show whether folders have HIGHESTMODSEQ.
TEST_F(FoldersAheadSizeTest, FoldersWithoutHighestmodseqAreRequestedAheadAfterTheFirstOne) {
  server_.capabilities = "STATUS=SIZE CONDSTORE";
  EXPECT_EQ(run().status, PassStatus::kComplete);
  expect_all_but();
  EXPECT_GE(times("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"), 90);
  EXPECT_LE(times("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ BODY.PEEK[])"), 2);
}

TEST_F(FoldersAheadSizeTest, AFolderWhoseSizeIsRefusedIsReadOnceMore) {
  server_.before = [](const std::string& command) {
    return std::string(
        command == "STATUS \"f20\" (MESSAGES UIDNEXT UIDVALIDITY SIZE)" ? "NO not now" : "");
  };
  EXPECT_EQ(run().status, PassStatus::kComplete);
  expect_all_but();
  EXPECT_EQ(times_opened("f20"), 2);
  EXPECT_GE(opened_once(), 20) << "the others are still requested ahead";
}

class NamedFoldersTest : public FoldersAheadSizeTest {
 protected:
  NamedFoldersTest() {
    server_.capabilities = "STATUS=SIZE ID";
    server_.product = "Dovecot";
  }

  int sizes() const {
    return static_cast<int>(std::ranges::count_if(server_.heard(), [](const std::string& command) {
      return command.starts_with("STATUS") && command.find("SIZE") != std::string::npos;
    }));
  }

  static constexpr const char* kNamed =
      "UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE X-MAILBOX BODY.PEEK[])";
};

// The size of an open folder takes Dovecot 5 ms.
TEST_F(NamedFoldersTest, NoSizeIsRequestedIfTheServerNamesTheFolderOfEachMessage) {
  EXPECT_EQ(run().status, PassStatus::kComplete);
  expect_all_but();
  EXPECT_EQ(times("ID NIL"), 1);
  EXPECT_GE(times(kNamed), kSmallFolders - 1);
  EXPECT_EQ(sizes(), 0);
  EXPECT_EQ(times_opened("f50"), 1);
}

TEST_F(NamedFoldersTest, AnotherServerIsRequestedTheSizes) {
  server_.product = "Dovecote";
  EXPECT_EQ(run().status, PassStatus::kComplete);
  expect_all_but();
  EXPECT_EQ(times("ID NIL"), 1);
  EXPECT_EQ(times(kNamed), 0);
  EXPECT_GE(sizes(), kSmallFolders - 1);
}

TEST_F(NamedFoldersTest, MessagesOfAnotherFolderAreNotUsed) {
  make_alike();
  for (const bool always : {true, false}) {
    (always ? server_.opens_late : server_.opens_late_behind) = true;
    EXPECT_EQ(run().status, PassStatus::kComplete);
    expect_all_but();
    server_.opens_late = server_.opens_late_behind = false;
  }
  EXPECT_GT(times(kNamed), 0);
}

TEST_F(NamedFoldersTest, AFolderOfWhichAMessageHasNoNameIsReadOnceMore) {
  server_.edit = [this](const std::string& command, std::string& answer) {
    const std::size_t at = answer.find("X-MAILBOX ");
    const bool is_its_fetch = command == kNamed && server_.open_folder() == "f20";
    if (is_its_fetch) answer.erase(at, answer.find("BODY", at) - at);
    return Afterwards::kNothing;
  };
  EXPECT_EQ(run().status, PassStatus::kComplete);
  expect_all_but();
  EXPECT_EQ(times_opened("f20"), 2);
  EXPECT_GE(opened_once(), 20) << "the others are still requested ahead";
}

}  // namespace
}  // namespace backupd
