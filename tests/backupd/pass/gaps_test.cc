// Servers that omit existing things: INBOX from LIST, messages from FETCH and SEARCH. Recorded
// messages stay recorded, and the report lists what is in doubt.
#include <algorithm>
#include <chrono>

#include <gmock/gmock.h>

#include "base/time_text.h"
#include "store/reader.h"
#include "tests/backupd/pass/odd_server.h"
#include "tests/backupd/pass/pass_runner.h"

namespace backupd {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class GapsTest : public testing::Test {
 protected:
  GapsTest() {
    for (std::uint32_t uid = 1; uid <= 3; ++uid) {
      inbox().message(uid, "Subject: " + std::to_string(uid) + "\r\n\r\n");
    }
    server_.folder("Work").message(1, "Subject: work\r\n\r\n");
  }

  OddFolder& inbox() { return server_.folder("INBOX"); }
  AccountReport run() { return runner_.run_over(server_.connect()); }

  // From now on LIST, STATUS and EXAMINE behave as if the account had no mailbox.
  void lose_all_folders(std::string refusal) {
    inbox().is_listed = server_.folder("Work").is_listed = false;
    refuse_inbox(std::move(refusal));
  }

  void refuse_inbox(std::string refusal) {
    inbox().is_listed = false;
    server_.before = [refusal = std::move(refusal)](const std::string& command) -> std::string {
      const bool is_about_inbox =
          (command.starts_with("STATUS") || command.starts_with("EXAMINE")) &&
          command.find("INBOX") != std::string::npos;
      return is_about_inbox ? refusal : "";
    };
  }

  // From now on LIST lacks Work, and STATUS answers as given.
  void hide_work(std::string answer) {
    server_.folder("Work").is_listed = false;
    server_.before = [answer = std::move(answer)](const std::string& command) -> std::string {
      const bool is_question = command.starts_with("STATUS") || command.starts_with("EXAMINE");
      const bool asks = is_question && command.find("Work") != std::string::npos;
      return asks ? answer : "";
    };
  }

  // The folders of the newest snapshot with their numbers of messages: "INBOX 3".
  std::vector<std::string> folders() {
    std::vector<std::string> folders;
    store::Reader reader = store::Reader::open(runner_.location(), base::real_file_system());
    for (const auto& folder : reader.folders(runner_.snapshot())) {
      folders.push_back(folder.info.raw_name + ' ' + std::to_string(folder.receipt.messages));
    }
    return folders;
  }

  static auto skipped(const std::string& folder, const std::string& reason) {
    return Contains(AllOf(Field(&SkippedEntry::folder, folder),
                          Field(&SkippedEntry::reason, HasSubstr(reason))));
  }

  OddServer server_;
  PassRunner runner_{"alice"};
};

TEST_F(GapsTest, AnInboxThatIsListedAsNonexistentIsBackedUp) {
  inbox().attributes = "\\NonExistent";
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_THAT(folders(), testing::UnorderedElementsAre("INBOX 3", "Work 1"));
}

TEST_F(GapsTest, AnAccountWithoutAnyFolderFails) {
  lose_all_folders("NO Mailbox does not exist");
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kFailed);
  EXPECT_FALSE(report.snapshot);
  EXPECT_THAT(report.error, AllOf(HasSubstr("lists no folder and refuses INBOX"),
                                  HasSubstr("Mailbox does not exist")));
}

TEST_F(GapsTest, AnAccountThatLosesAllFoldersKeepsItsSnapshot) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  const auto before = runner_.snapshot().id;
  lose_all_folders("NO [UNAVAILABLE] starting up");
  EXPECT_EQ(run().status, PassStatus::kFailed);
  EXPECT_EQ(runner_.snapshot().id, before);
}

TEST_F(GapsTest, AnEmptyListKeepsTheRecordedFolders) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  inbox().is_listed = server_.folder("Work").is_listed = false;
  inbox().message(4, "Subject: new\r\n\r\n");
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.skipped, skipped("Work", "listed no folder at all"));
  EXPECT_THAT(folders(), testing::UnorderedElementsAre("INBOX 4", "Work 1"));

  inbox().is_listed = server_.folder("Work").is_listed = true;
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_THAT(folders(), testing::UnorderedElementsAre("INBOX 4", "Work 1"));
}

TEST_F(GapsTest, AnEmptyListIsNoProofOfAnAccountWithoutFolders) {
  inbox().is_listed = server_.folder("Work").is_listed = false;
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.troubles, Contains(HasSubstr("lists no folder at all, not even INBOX")));
  inbox().is_listed = server_.folder("Work").is_listed = true;
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_THAT(folders(), testing::UnorderedElementsAre("INBOX 3", "Work 1"));
}

TEST_F(GapsTest, ARefusedInboxKeepsItsLastState) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  refuse_inbox("NO [INUSE] locked");
  server_.folder("Work").message(2, "Subject: more\r\n\r\n");
  for (int night = 0; night < 2; ++night) {
    const AccountReport report = run();
    EXPECT_EQ(report.status, PassStatus::kPartial);
    EXPECT_THAT(report.skipped, skipped("INBOX", "locked"));
    EXPECT_THAT(folders(), testing::UnorderedElementsAre("INBOX 3", "Work 2"));
  }
}

TEST_F(GapsTest, AnInboxThatNoLongerExistsFailsTheAccount) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  const auto before = runner_.snapshot().id;
  refuse_inbox("NO [NONEXISTENT] gone");
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kFailed);
  EXPECT_THAT(report.error, AllOf(HasSubstr("INBOX, which held 3 messages, no longer exists"),
                                  HasSubstr("gone")));
  EXPECT_EQ(runner_.snapshot().id, before);
}

TEST_F(GapsTest, AFolderThatExistsUnlistedIsBackedUp) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  server_.folder("Work").is_listed = false;
  server_.folder("Work").message(2, "Subject: more\r\n\r\n");
  for (int night = 0; night < 2; ++night) {
    const AccountReport report = run();
    EXPECT_EQ(report.status, PassStatus::kComplete);
    EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("Work: the server does not list")));
    EXPECT_THAT(folders(), testing::UnorderedElementsAre("INBOX 3", "Work 2"));
  }
}

// An account with many folders must not use up the warnings of the log.
TEST_F(GapsTest, FoldersThatAreNotListedAreOneCauseInTheLog) {
  const std::vector<std::string> names = {"Plans", "Old mail", "Lists", "Sent", "Bills"};
  for (const std::string& name : names) server_.folder(name).message(1, "Subject: x\r\n\r\n");
  ASSERT_EQ(run().status, PassStatus::kComplete);
  const auto lines_logged = [&](const std::string& text) {
    testing::internal::CaptureStderr();
    run();
    const std::string log = testing::internal::GetCapturedStderr();
    std::size_t lines = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++lines;
    return lines;
  };
  for (const std::string& name : names) server_.folder(name).is_listed = false;
  EXPECT_EQ(lines_logged(": the server does not list this folder, but has it"), 3U);
  inbox().is_listed = server_.folder("Work").is_listed = false;
  EXPECT_EQ(lines_logged("listed no folder at all"), 3U);
}

TEST_F(GapsTest, DeletedFoldersAreGoneTheSameNight) {
  server_.folder("Plans").message(1, "Subject: plan\r\n\r\n");
  ASSERT_EQ(run().status, PassStatus::kComplete);
  server_.remove("Work");
  server_.remove("Plans");
  const std::size_t before = server_.heard().size();
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings, IsEmpty());
  EXPECT_THAT(folders(), ElementsAre("INBOX 3"));
  EXPECT_EQ(runner_.snapshot().vanished, 2U);
  std::vector<std::string> asked;
  for (std::size_t at = before; at < server_.heard().size(); ++at) {
    const std::string& command = server_.heard()[at];
    if (command.starts_with("STATUS")) asked.push_back(command.substr(0, command.find('(')));
  }
  EXPECT_THAT(asked, testing::IsSupersetOf({"STATUS \"Work\" ", "STATUS \"Plans\" "}));
  EXPECT_EQ(std::ranges::count(asked, "STATUS \"Work\" "), 1) << "asked once a pass";
}

TEST_F(GapsTest, AFolderRefusedWithTrycreateIsGone) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  hide_work("NO [TRYCREATE] no");
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_THAT(folders(), ElementsAre("INBOX 3"));
}

TEST_F(GapsTest, AFolderThatDoesNotExistInTheServersWordsIsGone) {
  for (const char* words : {"NO Mailbox doesn't exist: Work (0.001 + 0.000 secs).",
                            "NO Mailbox does not exist", "NO Unknown Mailbox"}) {
    server_.folder("Work").is_listed = true;
    server_.before = {};
    ASSERT_EQ(run().status, PassStatus::kComplete);
    hide_work(words);
    EXPECT_EQ(run().status, PassStatus::kComplete) << words;
    EXPECT_THAT(folders(), ElementsAre("INBOX 3")) << words;
  }
}

TEST_F(GapsTest, APlainNoMeansGoneOnlyTheNextNight) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  hide_work("NO cannot be served");
  inbox().message(4, "Subject: new\r\n\r\n");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const AccountReport report = run();
    EXPECT_EQ(report.status, PassStatus::kPartial);
    EXPECT_THAT(report.skipped,
                skipped("Work", "nor reports it as deleted: STATUS: cannot be served"));
    EXPECT_THAT(folders(), testing::UnorderedElementsAre("INBOX 4", "Work 1"));
    EXPECT_EQ(runner_.snapshot().vanished, 0U);
  }
  runner_.set_ahead(std::chrono::hours{24});
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_THAT(folders(), ElementsAre("INBOX 4"));
  EXPECT_EQ(runner_.snapshot().vanished, 1U);
}

TEST_F(GapsTest, APlainNoOfAClockThatWasAheadCountsFromNow) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  hide_work("NO cannot be served");
  runner_.set_ahead(std::chrono::days{365});
  EXPECT_EQ(run().status, PassStatus::kPartial);
  runner_.set_ahead(std::chrono::hours{0});
  EXPECT_EQ(run().status, PassStatus::kPartial);
  runner_.set_ahead(std::chrono::hours{24});
  EXPECT_EQ(run().status, PassStatus::kComplete);
}

// The time is read back from the reason, also after the zone was changed.
TEST_F(GapsTest, APlainNoIsDatedInTheConfiguredZone) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  hide_work("NO cannot be served");
  base::show_times_in("Asia/Tokyo");
  const AccountReport report = run();
  base::show_times_in("UTC");
  EXPECT_THAT(report.skipped, skipped("Work", "+09:00 the server neither lists it nor reports"));
  EXPECT_EQ(run().status, PassStatus::kPartial);
  runner_.set_ahead(std::chrono::hours{24});
  EXPECT_EQ(run().status, PassStatus::kComplete);
}

TEST_F(GapsTest, AFolderThatComesBackAfterAPlainNoIsComplete) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  hide_work("NO cannot be served");
  EXPECT_EQ(run().status, PassStatus::kPartial);
  server_.folder("Work").is_listed = true;
  server_.before = {};
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_THAT(folders(), testing::UnorderedElementsAre("INBOX 3", "Work 1"));
}

TEST_F(GapsTest, AFolderThatTheServerLostTheConnectionOverIsKept) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  hide_work(std::string(kHangUp));
  inbox().message(4, "Subject: new\r\n\r\n");
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial) << report.error;
  EXPECT_THAT(report.skipped, skipped("Work", "fails when it is requested"));
  EXPECT_THAT(folders(), testing::UnorderedElementsAre("INBOX 4", "Work 1"));
}

TEST_F(GapsTest, AFolderThatCanNoLongerBeOpenedIsAskedFor) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  hide_work("NO [NOPERM] not now");
  server_.folder("Work").is_listed = true;
  server_.folder("Work").attributes = "\\Noselect";
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.skipped, skipped("Work", "not now"));
  EXPECT_THAT(folders(), testing::UnorderedElementsAre("INBOX 3", "Work 1"));
}

class DoubtfulRefusals : public GapsTest, public testing::WithParamInterface<const char*> {};

TEST_P(DoubtfulRefusals, AnUnlistedFolderKeepsItsLastState) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  hide_work(GetParam());
  inbox().message(4, "Subject: new\r\n\r\n");
  for (int night = 0; night < 3; ++night) {
    runner_.set_ahead(night * std::chrono::hours{24});
    const AccountReport report = run();
    EXPECT_EQ(report.status, PassStatus::kPartial);
    EXPECT_THAT(report.skipped, skipped("Work", "not now"));
    EXPECT_THAT(folders(), testing::UnorderedElementsAre("INBOX 4", "Work 1"));
  }
}

INSTANTIATE_TEST_SUITE_P(Codes, DoubtfulRefusals,
                         testing::Values("NO [NOPERM] not now", "NO [UNAVAILABLE] not now",
                                         "NO [INUSE] not now", "NO [SERVERBUG] not now",
                                         "NO [X-ODD] not now", "BAD not now"));

TEST_F(GapsTest, AMessageOmittedByALaterScanIsNotExpunged) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  inbox().messages[1].is_scanned = false;
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, 4U);
  EXPECT_EQ(runner_.snapshot().vanished, 0U);
}

TEST_F(GapsTest, AnAnswerWithoutFlagsCountsAsAMessage) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  inbox().messages[1].flags = "";
  inbox().is_searched = false;
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, 4U);
}

TEST_F(GapsTest, AMessageInNeitherAnswerStaysInDoubt) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  inbox().messages[1].is_scanned = false;
  inbox().is_searched = false;
  inbox().message(4, "Subject: new\r\n\r\n");
  for (int night = 0; night < 2; ++night) {
    const AccountReport report = run();
    EXPECT_EQ(report.status, PassStatus::kPartial);
    EXPECT_THAT(report.skipped, skipped("INBOX", "reports 4 messages but shows 3"));
    EXPECT_EQ(runner_.snapshot().messages, 5U) << "nothing is removed, and the new one is there";
    EXPECT_EQ(runner_.snapshot().vanished, 0U);
  }
  inbox().messages.erase(inbox().messages.begin() + 1);
  inbox().is_searched = true;
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, 4U) << "once the answers agree it is expunged";
  EXPECT_EQ(runner_.snapshot().vanished, 1U);
}

TEST_F(GapsTest, AMessageWithUidZeroIsReported) {
  inbox().messages[0].uid = 0;
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.skipped, skipped("INBOX", "reports 3 messages but shows 2"));
  EXPECT_EQ(runner_.snapshot().messages, 3U);
}

TEST_F(GapsTest, AFolderThatClaimsToBeEmptyAgainstItsStatusIsInDoubt) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  server_.before = [](const std::string& command) -> std::string {
    return command.starts_with("UID SEARCH") ? "OK nothing" : "";
  };
  inbox().exists = "0";
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.skipped, skipped("INBOX", "STATUS reports 3 messages but EXAMINE none"));
  EXPECT_EQ(runner_.snapshot().messages, 4U);
}

TEST_F(GapsTest, AFolderThatClaimsToBeEmptyAgainstItsSearchIsInDoubt) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  server_.before = [](const std::string& command) -> std::string {
    return command.starts_with("STATUS") ? "NO not here" : "";
  };
  inbox().exists = "0";
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.skipped, skipped("INBOX", "reports 0 messages but shows 3"));
  EXPECT_EQ(runner_.snapshot().messages, 4U);
}

// Whether EXAMINE reports UIDNEXT.
class OmittedByQresyncTest : public GapsTest, public testing::WithParamInterface<bool> {};

// Another message arrived and one was deleted, so that their number is the same.
TEST_P(OmittedByQresyncTest, AMessageIsBackedUp) {
  inbox().tells_next = GetParam();
  std::string modseq = "5";
  server_.capabilities = "ENABLE CONDSTORE QRESYNC";
  server_.before = [](const std::string& command) -> std::string {
    return command.starts_with("ENABLE") ? "OK done" : "";
  };
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (command.starts_with("ENABLE")) answer.insert(0, "* ENABLED QRESYNC\r\n");
    if (command.starts_with("EXAMINE")) answer.insert(0, "* OK [HIGHESTMODSEQ " + modseq + "]\r\n");
    return Afterwards::kNothing;
  };
  ASSERT_EQ(run().status, PassStatus::kComplete);
  inbox().messages.pop_front();
  inbox().message(4, "Subject: new\r\n\r\n");
  modseq = "6";
  EXPECT_EQ(run().status, PassStatus::kComplete);
  const auto& heard = server_.heard();
  EXPECT_THAT(heard, Contains(HasSubstr("QRESYNC (7 5)")));
  std::vector<std::uint32_t> uids;
  store::Reader reader = store::Reader::open(runner_.location(), base::real_file_system());
  reader.for_each_message(
      reader.folders(runner_.snapshot()).front(),
      [&](const store::MessageEntry& entry) { uids.push_back(entry.uid.value); });
  EXPECT_THAT(uids, ElementsAre(2U, 3U, 4U));
}

INSTANTIATE_TEST_SUITE_P(Uidnext, OmittedByQresyncTest, testing::Bool());

TEST_F(GapsTest, AFolderThatIsEmptiedIsEmpty) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  inbox().messages.clear();
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, 1U);
}

}  // namespace
}  // namespace backupd
