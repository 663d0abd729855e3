// First backups whose first connection lists the folders for the next round while the second one
// still reads the last folders of this round.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/backupd/pass/odd_server_fixture.h"

namespace backupd {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

class ListingAheadTest : public OddServerFixture {
 protected:
  static constexpr int kFolders = 900;  // one list, not in parts
  static constexpr int kLast = kFolders - 1;

  ListingAheadTest() {
    runner_.set_connections(2);
    server_.capabilities = "STATUS=SIZE LIST-STATUS";
    server_.lists_status = true;
    for (int i = 0; i < kFolders; ++i) {
      server_.folder(name(i)).message(1, fmt::format("Subject: {}\r\n\r\n", i));
      folders_.push_back(name(i));
    }
  }

  static std::string name(int folder) { return fmt::format("g{:03}", folder); }

  static bool is_list(std::string_view command) { return command.starts_with("LIST \"\" \"*\""); }

  int lists() const { return static_cast<int>(std::ranges::count_if(server_.heard(), is_list)); }

  // Calls `change` once, with the first EXAMINE that comes after the second list: expected to be
  // before the third one.
  void after_the_list(const std::function<void()>& change) {
    is_changed_ = false;
    server_.before = [this, change](const std::string& command) {
      if (lists() == 2 && command.starts_with("EXAMINE") && !std::exchange(is_changed_, true)) {
        change();
      }
      return std::string();
    };
  }

  // From the second list on, so many bytes at most arrive for each folder that is read.
  void slow_down(std::size_t piece) {
    server_.before = [this, piece](const std::string& command) {
      if (lists() == 2 && is_list(command)) {
        server_.pauses = true;
        server_.max_piece = piece;
      }
      return std::string();
    };
  }

  // The second connection is lost with the first EXAMINE after the second list.
  void lose_the_second() {
    server_.loses_answers = true;
    is_changed_ = false;
    server_.before = [this, before = server_.before](const std::string& command) {
      if (before) before(command);
      const bool is_it = !is_changed_ && lists() == 2 && server_.speakers().back() == 2 &&
                         command.starts_with("EXAMINE");
      is_changed_ |= is_it;
      return std::string(is_it ? kHangUp : "");
    };
  }

  // The folders that the connection, or any one, opened after this list and before the next one.
  std::vector<std::string> opened_after(int list, int connection = 0) const {
    std::vector<std::string> opened;
    int lists = 0;
    for (std::size_t at = 0; at < server_.heard().size(); ++at) {
      const std::string& command = server_.heard()[at];
      lists += is_list(command) ? 1 : 0;
      const bool is_by_it = connection == 0 || server_.speakers()[at] == connection;
      if (lists == list && is_by_it && command.starts_with("EXAMINE")) opened.push_back(command);
    }
    return opened;
  }

  void expect_everything(const AccountReport& report) {
    EXPECT_TRUE(is_changed_);
    EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
    EXPECT_THAT(report.troubles, IsEmpty());
    EXPECT_EQ(names().size(), folders_.size() + 1);
    expect_stored(folders_, &report);
  }

  std::vector<std::string> folders_;
  bool is_changed_ = true;  // false: a change or a loss is still to come
};

TEST_F(ListingAheadTest, TheLastFoldersAreReadMeanwhile) {
  const AccountReport report = run();
  EXPECT_THAT(report.warnings, IsEmpty());
  expect_everything(report);
  EXPECT_EQ(lists(), 2);
  EXPECT_EQ(times_over(1, "LIST"), 2);
  EXPECT_GT(opened_after(2).size(), 20U);
  EXPECT_LE(opened_after(2).size(), kFolders / 10U + 128);
  EXPECT_EQ(times_over(1, "LOGOUT") + times_over(2, "LOGOUT"), 2);
}

TEST_F(ListingAheadTest, TheFirstConnectionReadsOnAfterTheList) {
  expect_everything(run());
  EXPECT_GT(opened_after(2, 1).size(), 5U);
}

TEST_F(ListingAheadTest, ChangesAfterTheListAreSeen) {
  after_the_list([&] {
    server_.folder(name(kLast)).message(2, "Subject: late\r\n\r\n");
    server_.folder(name(kLast - 1)).messages.clear();
  });
  expect_everything(run());
  EXPECT_EQ(lists(), 3);
}

// The line of the folder that it leaves is still to come, and that of the other one was sent.
TEST_F(ListingAheadTest, AMessageThatMovesWhileTheListIsSentIsNotMissed) {
  server_.folder(name(kLast)).message(2, "Subject: stays\r\n\r\n");
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (lists() != 2 || !is_list(command)) return Afterwards::kNothing;
    server_.folder(name(kLast)).messages.pop_front();
    server_.folder(name(3)).message(2, fmt::format("Subject: {}\r\n\r\n", kLast));
    const std::string before = fmt::format("STATUS {} (MESSAGES 2", name(kLast));
    const std::size_t at = answer.find(before);
    EXPECT_NE(at, std::string::npos) << answer;
    if (at != std::string::npos) answer[at + before.size() - 1] = '1';
    return Afterwards::kNothing;
  };
  expect_everything(run());
  EXPECT_THAT(opened_after(2), Contains(fmt::format("EXAMINE \"{}\"", name(kLast))));
}

// The record of the folder that it leaves has the numbers of both lists, and another message.
TEST_F(ListingAheadTest, AMessageThatMovesWhileItsFolderIsReadIsNotMissed) {
  OddFolder& last = server_.folder(name(kLast));
  last.message(2, "Subject: moves\r\n\r\n");
  last.status_size = "1";  // so it is read alone
  is_changed_ = false;
  int opened = 0;
  server_.before = [&](const std::string& command) {
    opened += command == fmt::format("EXAMINE \"{}\"", name(kLast)) ? 1 : 0;
    const bool is_read_alone =
        opened == 2 && command.starts_with("UID FETCH") && server_.open_folder() == name(kLast);
    if (is_read_alone && lists() == 2 && !std::exchange(is_changed_, true)) {
      last.messages.pop_back();
      last.message(3, "Subject: arrives\r\n\r\n");
      server_.folder(name(3)).message(2, "Subject: moves\r\n\r\n");
    }
    return std::string();
  };
  expect_everything(run());
  EXPECT_GT(lists(), 2);
}

TEST_F(ListingAheadTest, AFolderWithoutUidNextIsComparedWithALaterList) {
  server_.folder(name(kLast)).tells_next = false;
  expect_everything(run());
  EXPECT_EQ(lists(), 3);
}

// The list has passed the new name, and does not show the old one any more.
TEST_F(ListingAheadTest, AFolderThatIsRenamedWhileTheListIsSentIsRead) {
  is_changed_ = false;
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (lists() != 2 || !is_list(command) || std::exchange(is_changed_, true)) {
      return Afterwards::kNothing;
    }
    const std::size_t begin = answer.find("* LIST () \"/\" " + name(100));
    answer.erase(begin, answer.find("* LIST () \"/\" " + name(101)) - begin);
    server_.remove(name(100));
    server_.folder("renamed").message(1, fmt::format("Subject: {}\r\n\r\n", 100));
    folders_[100] = "renamed";
    return Afterwards::kNothing;
  };
  expect_everything(run());
}

TEST_F(ListingAheadTest, AMessageThatMovesToAFolderThatIsReadAlreadyIsNotMissed) {
  after_the_list([&] {
    server_.folder(name(kLast)).messages.clear();
    server_.folder(name(3)).message(2, fmt::format("Subject: {}\r\n\r\n", kLast));
  });
  expect_everything(run());
}

TEST_F(ListingAheadTest, AFolderThatIsRenamedAfterTheListIsRead) {
  after_the_list([&] {
    server_.folder("renamed").message(1, fmt::format("Subject: {}\r\n\r\n", kLast));
    server_.remove(name(kLast));
    folders_.back() = "renamed";
  });
  expect_everything(run());
  EXPECT_THAT(names(), Not(Contains(name(kLast))));
}

TEST_F(ListingAheadTest, AFolderThatIsDeletedAfterTheListIsNotMissing) {
  after_the_list([&] {
    server_.remove(name(kLast));
    folders_.pop_back();
  });
  expect_everything(run());
}

TEST_F(ListingAheadTest, AFolderThatStaysRefusedIsUnreadable) {
  server_.folder(name(kLast)).refusal = "NO it is on fire";
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_EQ(lists(), 3);
  folders_.pop_back();
  expect_stored(folders_);
  EXPECT_THAT(names(), Contains(name(kLast)));
}

TEST_F(ListingAheadTest, ARefusedListIsRequestedOnceMore) {
  server_.before = [&](const std::string& command) {
    return std::string(is_list(command) && lists() == 2 ? "NO not now" : "");
  };
  expect_everything(run());
  EXPECT_EQ(lists(), 3);
  EXPECT_THAT(opened_after(2), Not(IsEmpty()));
}

TEST_F(ListingAheadTest, ASlowListIsReceivedWhileFoldersAreRead) {
  slow_down(3'000);
  expect_everything(run());
  EXPECT_EQ(lists(), 2);
  EXPECT_GT(opened_after(2, 2).size(), 20U);
  EXPECT_GT(opened_after(2, 1).size(), 5U) << "the list has arrived";
}

TEST_F(ListingAheadTest, ASlowerListIsReceivedToItsEnd) {
  slow_down(100);
  expect_everything(run());
  EXPECT_EQ(lists(), 2);
  EXPECT_GT(opened_after(2, 2).size(), 50U);
  EXPECT_THAT(opened_after(2, 1), IsEmpty());
}

TEST_F(ListingAheadTest, AListThatDoesNotArriveCostsTheConnection) {
  server_.before = [&](const std::string& command) {
    return std::string(is_list(command) && lists() == 2 ? kSendNothing : "");
  };
  expect_everything(run());
  EXPECT_EQ(runner_.pauses().size(), 1U);
  EXPECT_GT(opened_after(2).size(), 50U);
  EXPECT_EQ(times_over(3, "EXAMINE"), 0) << "everything was read meanwhile";
}

TEST_F(ListingAheadTest, TheBackupGoesOnAfterTheListHasBrokenItsConnection) {
  server_.before = [&](const std::string& command) {
    return std::string(is_list(command) && lists() == 2 ? kHangUp : "");
  };
  expect_everything(run());
  EXPECT_EQ(runner_.pauses().size(), 1U);
  EXPECT_GT(times_over(3, "EXAMINE"), kFolders / 10);
  EXPECT_LT(times_over(3, "EXAMINE"), kFolders / 3) << "what was read is not read once more";
}

TEST_F(ListingAheadTest, TheFirstConnectionReadsTheFoldersOfALostOne) {
  lose_the_second();
  expect_everything(run());
  EXPECT_THAT(runner_.pauses(), IsEmpty());
  EXPECT_EQ(lists(), 2);
}

TEST_F(ListingAheadTest, TheFirstConnectionGivesUpTheListForTheFoldersOfALostOne) {
  slow_down(100);
  lose_the_second();
  expect_everything(run());
  EXPECT_THAT(runner_.pauses(), IsEmpty());
  EXPECT_EQ(lists(), 3);
}

TEST_F(ListingAheadTest, NewFoldersOfAKnownAccountAreReadMeanwhile) {
  expect_everything(run());
  for (int i = 0; i < kFolders; ++i) {
    folders_.push_back(fmt::format("h{:03}", i));
    server_.folder(folders_.back()).message(1, fmt::format("Subject: new {}\r\n\r\n", i));
  }
  expect_everything(run());
  EXPECT_EQ(lists(), 4);
  EXPECT_GT(opened_after(4).size(), 20U);
}

TEST_F(ListingAheadTest, NotIfALargeFolderIsAmongTheLastOnes) {
  for (std::uint32_t uid = 2; uid <= 300; ++uid) {
    server_.folder(name(kLast - 5)).message(uid, fmt::format("Subject: {} of many\r\n\r\n", uid));
  }
  expect_everything(run());
  EXPECT_EQ(lists(), 2);
  EXPECT_THAT(opened_after(2), IsEmpty());
}

TEST_F(ListingAheadTest, NotOverASingleConnection) {
  runner_.set_connections(1);
  expect_everything(run());
  EXPECT_EQ(lists(), 2);
  EXPECT_THAT(opened_after(2), IsEmpty());
}

TEST_F(ListingAheadTest, NotWhereTheListHasNoStatus) {
  server_.capabilities = "STATUS=SIZE";
  server_.lists_status = false;
  expect_everything(run());
  EXPECT_EQ(lists(), 2);
  EXPECT_THAT(opened_after(2), IsEmpty());
}

}  // namespace
}  // namespace backupd
