// First backups of many small folders, which are requested ahead.
#include <algorithm>
#include <map>

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/backupd/pass/odd_server_fixture.h"
#include "tests/backupd/pass/stored_mail.h"

namespace backupd {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kSmallFolders = 40;

class FoldersAheadTest : public OddServerFixture {
 protected:
  FoldersAheadTest() {
    for (int i = 0; i < kSmallFolders; ++i) {
      OddFolder& folder = server_.folder(name(i));
      for (int message = 0; message <= i % 3; ++message) {
        folder.message(static_cast<std::uint32_t>(2 * message + 1),
                       fmt::format("Subject: {} in {}\r\n\r\n", message, i));
      }
    }
  }

  static std::string name(int folder) { return fmt::format("f{:02}", folder); }

  int times(const std::string& command) const {
    return static_cast<int>(std::ranges::count(server_.heard(), command));
  }
  int times_opened(const std::string& folder) const { return times("EXAMINE \"" + folder + '"'); }

  // Loses the connection over each command of this name, with all answers that are under way.
  void break_over(const std::string& what, int most = 1'000) {
    server_.loses_answers = true;
    server_.before = [what, left = most](const std::string& command) mutable {
      return command == what && left-- > 0 ? std::string(kHangUp) : std::string();
    };
  }

  // Expects exactly the server's messages in each folder, except those named.
  void expect_all_but(const std::vector<std::string>& missing = {}) {
    const StoredMail mail = read_back(runner_.location(), "alice", nullptr);
    EXPECT_EQ(mail.troubles, "");
    for (int i = 0; i < kSmallFolders; ++i) {
      if (std::ranges::count(missing, name(i)) > 0) continue;
      std::map<std::uint32_t, std::string> expected;
      for (const OddMessage& message : server_.folder(name(i)).messages) {
        expected.emplace(message.uid, message.body);
      }
      const auto stored = mail.folders.find(name(i));
      const auto none = std::map<std::uint32_t, std::string>();
      EXPECT_EQ(stored == mail.folders.end() ? none : stored->second, expected) << name(i);
    }
  }
};

TEST_F(FoldersAheadTest, TheNextFoldersFollowWithoutWaiting) {
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  expect_all_but();
  EXPECT_EQ(times_opened(name(7)), 1);
  EXPECT_EQ(times_opened("INBOX") + times_opened(name(0)), 3) << "one of them is compared";
  const auto examine = std::ranges::find(server_.heard(), "EXAMINE \"f20\"");
  ASSERT_GT(server_.heard().end() - examine, 2);
  EXPECT_THAT(examine[1], HasSubstr("UID FETCH 1:* "));
  EXPECT_THAT(examine[1], HasSubstr("BODY.PEEK[]"));
  EXPECT_EQ(examine[2], "EXAMINE \"f21\"") << "nothing else is sent for a folder";
}

TEST_F(FoldersAheadTest, TheSecondBackupRequestsNothingAhead) {
  run();
  const std::size_t heard = server_.heard().size();
  EXPECT_EQ(run().status, PassStatus::kComplete);
  for (std::size_t at = heard; at < server_.heard().size(); ++at) {
    EXPECT_THAT(server_.heard()[at], testing::Not(HasSubstr("BODY.PEEK")));
  }
}

TEST_F(FoldersAheadTest, OneAtATimeWhereTheConfigurationSaysSo) {
  runner_.server_config().pipeline = false;
  server_.drops_early_commands = true;
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(server_.connections(), 1);
  expect_all_but();
}

TEST_F(FoldersAheadTest, OneAtATimeWhereTheServerDropsEarlyCommands) {
  server_.drops_early_commands = true;
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(server_.connections(), 2);
  expect_all_but();
}

// Answers to earlier commands are lost with the connection: all folders that were under way are
// opened once more with nothing behind them, until one of them is to blame.
TEST_F(FoldersAheadTest, OnlyTheFolderThatBreaksTheConnectionIsGivenUp) {
  break_over("EXAMINE \"f20\"");
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  expect_all_but({"f20"});
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_EQ(report.skipped[0].folder, "f20");
  EXPECT_THAT(report.skipped[0].reason, HasSubstr("the connection was lost over this folder"));
  EXPECT_LE(server_.connections(), 5);
}

TEST_F(FoldersAheadTest, OneLossBlamesNoFolder) {
  break_over("EXAMINE \"f20\"", 1);
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(server_.connections(), 2);
  EXPECT_THAT(report.skipped, IsEmpty());
  expect_all_but();
}

TEST_F(FoldersAheadTest, OnlyTheMessageThatBreaksTheConnectionIsGivenUp) {
  server_.folder("f20").messages[1].item = [](int) { return std::string(kHangUp); };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  expect_all_but({"f20"});
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_EQ(report.skipped[0].folder, "f20");
  EXPECT_EQ(report.skipped[0].uid, base::Uid{3});
}

TEST_F(FoldersAheadTest, AfterThreeLossesEachFolderWaitsForTheOneBefore) {
  int losses = 0;
  server_.before = [&](const std::string& command) {
    const bool is_lost = losses < 3 && command.starts_with("EXAMINE \"f") &&
                         std::ranges::count(server_.heard(), command) == 1 &&
                         command > fmt::format("EXAMINE \"f{:02}", 10 * losses);
    losses += is_lost ? 1 : 0;
    return is_lost ? std::string(kHangUp) : std::string();
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(losses, 3);
  expect_all_but();
}

TEST_F(FoldersAheadTest, ARefusedFolderDoesNotAffectTheOthers) {
  for (int i = 5; i < kSmallFolders; i += 6) server_.folder(name(i)).refusal = "NO it is on fire";
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.skipped, SizeIs(6));
  expect_all_but({"f05", "f11", "f17", "f23", "f29", "f35"});
}

TEST_F(FoldersAheadTest, AFolderThatIsRefusedEachTimeItIsEarlyIsBackedUp) {
  std::string last;
  server_.before = [&](const std::string& command) {
    const bool is_behind = last.starts_with("UID FETCH");
    last = command;
    return is_behind && command.starts_with("EXAMINE \"f1") && times(command) == 1
               ? std::string("BAD one at a time")
               : std::string();
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  expect_all_but();
}

// Before the folder is closed the server may still report on it.
TEST_F(FoldersAheadTest, ANumberOfTheFolderBeforeIsNotTakenForThisOnes) {
  int edited = 0;
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (command == "EXAMINE \"f20\"" && edited++ == 0) answer.insert(0, "* 9 EXISTS\r\n");
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(edited, 2) << "opened once more, alone";
  expect_all_but();
}

TEST_F(FoldersAheadTest, MailThatArrivesOrGoesMeanwhileIsNoticed) {
  server_.before = [&](const std::string& command) {
    if (command == "EXAMINE \"f20\"" && times(command) == 1) {
      server_.folder("f20").message(77, "Subject: new\r\n\r\n");
      server_.folder("f21").messages.pop_front();
      server_.folder("f22").messages.clear();
    }
    return std::string();
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  expect_all_but();
}

TEST_F(FoldersAheadTest, MessagesThatTheServerDoesNotSendAreReported) {
  server_.edit = [&](const std::string& command, std::string& answer) {
    const bool is_hiding = server_.open_folder() == "f20" && command.starts_with("UID FETCH");
    if (is_hiding) answer.erase(0, answer.rfind("\r\n", answer.size() - 3) + 2);
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.skipped, SizeIs(3));
  expect_all_but({"f20"});
}

// A server that carries out UID FETCH before it has opened the folder.
TEST_F(FoldersAheadTest, MessagesOfAnotherFolderAreNoticed) {
  server_.opens_late = true;
  for (int i = 0; i < kSmallFolders; ++i) {
    OddFolder& folder = server_.folder(name(i));
    folder.messages.clear();
    for (std::uint32_t uid = 1; uid <= 3; ++uid) {
      folder.message(uid, fmt::format("Subject: {} in {}{}\r\n\r\n", uid, i,
                                      std::string(static_cast<std::size_t>(i), 'x')));
    }
  }
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings,
              testing::Contains(HasSubstr("the server sent messages of another folder")));
  expect_all_but();
}

}  // namespace
}  // namespace backupd
