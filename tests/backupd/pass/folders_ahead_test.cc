// First backups of many small folders, which are requested ahead.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/backupd/pass/folders_ahead_fixture.h"
#include "tests/backupd/pass/pass_runner.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/maildir.h"

namespace backupd {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class FoldersAheadTest : public FoldersAheadFixture {};

TEST_F(FoldersAheadTest, TheNextFoldersFollowWithoutWaiting) {
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  expect_all_but();
  EXPECT_EQ(times_opened(name(7)), 1);
  EXPECT_EQ(times_opened("INBOX"), 2) << "the first two are compared";
  EXPECT_EQ(times_opened(name(0)), 3) << "requested behind INBOX, too";
  EXPECT_EQ(times_opened(name(1)), 2) << "requested behind the second, too";
  EXPECT_EQ(times_opened(name(2)), 2) << "compared, as the second of a batch";
  EXPECT_EQ(times_opened(name(71)), 2) << "compared, as the last of the first full batch";
  const auto examine = std::ranges::find(server_.heard(), "EXAMINE \"f20\"");
  ASSERT_GT(server_.heard().end() - examine, 2);
  EXPECT_THAT(examine[1], HasSubstr("UID FETCH 1:* "));
  EXPECT_THAT(examine[1], HasSubstr("BODY.PEEK[]"));
  EXPECT_EQ(examine[2], "STATUS \"f20\" (MESSAGES UIDNEXT UIDVALIDITY SIZE)");
  EXPECT_EQ(examine[3], "EXAMINE \"f21\"") << "nothing else is sent for a folder";
}

// The sum of sizes is the one number by which most folders differ.
TEST_F(FoldersAheadTest, NothingIsRequestedAheadWhereStatusHasNoSize) {
  server_.capabilities.clear();
  EXPECT_EQ(run().status, PassStatus::kComplete);
  expect_all_but();
  EXPECT_FALSE(has_requested_ahead(0));
}

// In most backups only a few folders are new: they are not worth the comparisons.
TEST_F(FoldersAheadTest, AFewNewFoldersAreNotRequestedAhead) {
  run();
  const std::size_t heard = server_.heard().size();
  for (int i = 0; i < 31; ++i) {
    server_.folder(fmt::format("new{}", i)).message(1, fmt::format("Subject: {}\r\n\r\n", i));
  }
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_FALSE(has_requested_ahead(heard));
  EXPECT_EQ(times_opened("new3"), 1);
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
  EXPECT_FALSE(has_requested_ahead(0));
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

// Before it is read alone, INBOX waits for the answers to what was requested behind it.
TEST_F(FoldersAheadTest, ALossOverDiscardedAnswersIsNotTheOpenFolders) {
  server_.before = [](const std::string& command) {
    return std::string(command == "EXAMINE \"f00\"" ? kHangUp : "");
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_EQ(report.skipped[0].folder, "f00");
  expect_all_but({"f00"});
  const auto first = std::ranges::find(server_.heard(), "EXAMINE \"f00\"");
  ASSERT_NE(first, server_.heard().end());
  const auto next = std::find_if(first + 1, server_.heard().end(), [](const std::string& command) {
    return command.starts_with("EXAMINE");
  });
  ASSERT_NE(next, server_.heard().end());
  EXPECT_EQ(*next, "EXAMINE \"INBOX\"") << "it is not tried last";
}

TEST_F(FoldersAheadTest, AFolderThatAsksToWaitEndsTheBackupOnce) {
  server_.before = [](const std::string& command) {
    return std::string(
        command == "EXAMINE \"f00\"" ? "NO Suggested Backoff Time: 7200000 milliseconds" : "");
  };
  const AccountReport first = run();
  ASSERT_THAT(first.skipped, SizeIs(1));
  EXPECT_EQ(first.skipped[0].folder, "f00") << "its answer was discarded while INBOX was read";
  run();
  expect_all_but({"f00"});
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

// With each lost connection up to 64 folders become suspects, which are read alone.
TEST_F(FoldersAheadTest, AfterThreeLossesNoFolderIsRequestedAhead) {
  for (int i = 0; i < 300; ++i) {
    server_.folder(fmt::format("g{:03}", i)).message(1, fmt::format("Subject: {}\r\n\r\n", i));
  }
  const std::set<std::string> breaking = {"EXAMINE \"g050\"", "EXAMINE \"g120\"",
                                          "EXAMINE \"g190\""};
  int losses = 0;
  std::size_t heard = 0;  // when the third connection was lost
  server_.before = [&](const std::string& command) {
    const bool is_lost = breaking.contains(command) && times(command) == 1;
    losses += is_lost ? 1 : 0;
    if (is_lost) heard = server_.heard().size();
    return is_lost ? std::string(kHangUp) : std::string();
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(losses, 3);
  EXPECT_FALSE(has_requested_ahead(heard));
  expect_all_but();
}

TEST_F(FoldersAheadTest, ARefusedFolderDoesNotAffectTheOthers) {
  for (int i = 5; i < 40; i += 6) server_.folder(name(i)).refusal = "NO it is on fire";
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
  make_alike();
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings, testing::Contains(HasSubstr("the server sent other messages")));
  expect_all_but();
}

// The first folder of each batch is the right one, as are thus the first two comparisons.
TEST_F(FoldersAheadTest, MessagesOfAnotherFolderBehindTheFirstAreNoticed) {
  server_.opens_late_behind = true;
  make_alike();
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings, testing::Contains(HasSubstr("the server sent other messages")));
  expect_all_but();
}

// The comparison is no proof if the server refuses it.
TEST_F(FoldersAheadTest, AComparisonThatIsRefusedProvesNothing) {
  server_.opens_late = true;
  make_alike();
  const std::vector<std::string> refused = {name(0), name(1), name(2)};
  // Each is requested behind the one before, then ahead of the next one, and then alone.
  server_.before = [&](const std::string& command) {
    const bool is_alone = command.starts_with("EXAMINE") && times(command) == 3;
    const bool is_refused = std::ranges::any_of(
        refused, [&](const std::string& one) { return command.find(one) != std::string::npos; });
    return is_alone && is_refused ? std::string("NO later") : std::string();
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.skipped, SizeIs(3));
  expect_all_but(refused);
  const StoredMail mail = read_back(runner_.location(), "alice", nullptr);
  for (const std::string& folder : refused) {
    const auto stored = mail.folders.find(folder);
    EXPECT_TRUE(stored == mail.folders.end() || stored->second.empty()) << folder;
  }
}

// The messages of the first folders come for a search and another command, each alone. What comes
// early after that is another folder's.
TEST_F(FoldersAheadTest, AnEarlyAnswerThatBringsNothingProvesNothing) {
  server_.opens_late = true;
  make_alike();
  const std::set<std::string> silent = {"INBOX", name(0), name(1)};
  server_.edit = [&](const std::string& command, std::string& answer) {
    const bool is_early = command.starts_with("UID FETCH 1:*") && command.ends_with("BODY.PEEK[])");
    if (is_early && silent.contains(server_.open_folder())) {
      answer.erase(0, answer.rfind("\r\n", answer.size() - 3) + 2);
    }
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings, testing::Contains(HasSubstr("the server sent other messages")));
  expect_all_but();
}

// A tagged answer to a later command arrives between two messages, and the first one is wrong.
TEST_F(FoldersAheadTest, NothingIsKeptOfAnswersInAnotherOrder) {
  int edited = 0;
  server_.edit = [&](const std::string& command, std::string& answer) {
    const bool is_to_be_edited = server_.open_folder() == "f20" &&
                                 command.starts_with("UID FETCH") && times_opened("f20") == 1;
    if (!is_to_be_edited) return Afterwards::kNothing;
    ++edited;
    const std::size_t tag = answer.rfind("\r\nm", answer.size() - 3) + 2;
    const int number = std::stoi(answer.substr(tag + 1));
    answer.replace(answer.find("0 in 20"), 7, "9 in 99");
    // The next command is STATUS, which may be completed early.
    answer.insert(answer.find("* 2 FETCH"), fmt::format("m{} OK opened\r\n", number + 2));
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(edited, 1);
  EXPECT_EQ(server_.connections(), 2);
  expect_all_but();
}

// The order is proven by then, but not what this answer is about.
TEST_F(FoldersAheadTest, AFolderWhoseSizeIsNotThatOfItsStatusIsReadOnceMore) {
  int edited = 0;
  server_.edit = [&](const std::string& command, std::string& answer) {
    const bool is_to_be_edited = server_.open_folder() == "f20" &&
                                 command.starts_with("UID FETCH") && times_opened("f20") == 1;
    if (!is_to_be_edited) return Afterwards::kNothing;
    ++edited;
    const std::string message = "{20}\r\nSubject: 0 in 20";
    answer.replace(answer.find(message), message.size(), "{19}\r\nSubject: 0 in 9");
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(edited, 1);
  expect_all_but();
}

// The number of messages and their size agree.
TEST_F(FoldersAheadTest, AFolderWithAUidThatIsTooHighIsReadOnceMore) {
  int edited = 0;
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (server_.open_folder() == "f20" && command.ends_with("BODY.PEEK[])") && edited++ == 0) {
      answer.replace(answer.find("UID 5 "), 6, "UID 95 ");
    }
    return Afterwards::kNothing;
  };
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(edited, 2);
  expect_all_but();
}

TEST_F(FoldersAheadTest, AMessageThatDoesNotExistIsNotKept) {
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (server_.open_folder() == "f20" && command.starts_with("UID FETCH 1:*")) {
      answer.insert(0, "* 4 FETCH (UID 99 FLAGS () RFC822.SIZE 6 BODY[] {6}\r\na: b\r\n)\r\n");
    }
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(times_opened("f20"), 2) << "ahead, and for a search";
  expect_all_but();
}

// The folder is then read alone, where the server shows only what it has.
TEST_F(FoldersAheadTest, AFolderThatSendsMessagesWithoutEndIsReadAlone) {
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (server_.open_folder() == "f20" && command.starts_with("UID FETCH 1:*") &&
        command.ends_with("BODY.PEEK[])")) {
      std::string flood;
      for (int uid = 1; uid <= 2'000; ++uid) {
        flood += fmt::format("* 4 FETCH (UID {} FLAGS ())\r\n", 1'000 + 2 * uid);
      }
      answer.insert(0, flood);
    }
    return Afterwards::kNothing;
  };
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(server_.connections(), 2);
  expect_all_but();
}

TEST_F(FoldersAheadTest, SizesThatNeverAddUpDoNotOpenEachFolderTwice) {
  for (int i = 0; i < kSmallFolders; ++i) server_.folder(name(i)).status_size = "7";
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  expect_all_but();
  int opened_again = 0;
  for (int i = 0; i < kSmallFolders; ++i) opened_again += times_opened(name(i)) - 1;
  EXPECT_LE(opened_again, 16);
}

// Such a folder can't be opened at all, which ends no other one.
TEST_F(FoldersAheadTest, ANameWithNulIsNotRequestedAhead) {
  server_.edit = [&](const std::string& command, std::string& answer) {
    const std::string name = literal(std::string("a\0b", 3));
    if (command.starts_with("LIST") && answer.find("f00") != std::string::npos) {
      answer.insert(0, "* LIST () \"/\" " + name + "\r\n");
    } else if (command.starts_with("STATUS \"f00\"") || command.starts_with("STATUS f00")) {
      answer.insert(0, "* STATUS " + name + " (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7 SIZE 6)\r\n");
    }
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.skipped, SizeIs(1));
  expect_all_but();
}

TEST(FoldersAheadOfDovecotTest, EachFolderButAFewIsOpenedOnce) {
  constexpr int kFolders = 50;
  servers::Dovecot server;
  servers::Maildir maildir = server.maildir("alice");
  for (int folder = 0; folder < kFolders; ++folder) {
    for (int message = 0; message <= folder % 3; ++message) {
      maildir.deliver(name_of(folder),
                      {.bytes = fmt::format("Subject: {} of {}\r\n\r\n", message, folder)});
    }
  }
  PassRunner runner(server, "alice");
  const AccountReport report = runner.run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings, IsEmpty());
  runner.expect_exact();
  int opened = 0;
  for (std::size_t at = 0; (at = runner.sent().find("EXAMINE", at)) != std::string::npos; ++at) {
    ++opened;
  }
  EXPECT_LE(opened, kFolders + 10);
}

}  // namespace
}  // namespace backupd
