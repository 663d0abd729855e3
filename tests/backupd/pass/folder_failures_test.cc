// Servers that fail over one folder: the others are backed up, and every partial result has a
// reason.
#include <algorithm>

#include <gmock/gmock.h>

#include "tests/backupd/pass/odd_server.h"
#include "tests/backupd/pass/pass_runner.h"

namespace backupd {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

class FolderFailuresTest : public testing::Test {
 protected:
  FolderFailuresTest() {
    for (const char* name : {"INBOX", "Mid", "Zlast"}) {
      for (std::uint32_t uid = 1; uid <= 4; ++uid) {
        server_.folder(name).message(uid, name + std::to_string(uid) + ": x\r\n\r\n");
      }
    }
  }

  AccountReport run() { return runner_.run_over(server_.connect()); }

  // From now on the server answers so to EXAMINE of Mid.
  void break_mid(std::string answer) {
    server_.before = [answer = std::move(answer)](const std::string& command) -> std::string {
      return command.starts_with("EXAMINE \"Mid\"") ? answer : "";
    };
  }

  std::ptrdiff_t attempts_at_mid() {
    return std::ranges::count_if(server_.heard(), [](const std::string& command) {
      return command.starts_with("EXAMINE \"Mid\"");
    });
  }

  static auto skipped(const std::string& folder, const std::string& reason) {
    return Contains(AllOf(Field(&SkippedEntry::folder, folder),
                          Field(&SkippedEntry::reason, HasSubstr(reason))));
  }

  OddServer server_;
  PassRunner runner_{"alice"};
};

class BrokenFolder : public FolderFailuresTest, public testing::WithParamInterface<const char*> {};

TEST_P(BrokenFolder, DoesNotPreventTheBackupOfOtherFolders) {
  break_mid(GetParam());
  AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_EQ(report.error, "");
  EXPECT_THAT(report.skipped, skipped("Mid", "the connection was lost over this folder"));
  EXPECT_EQ(runner_.snapshot().messages, 8U);
  EXPECT_EQ(attempts_at_mid(), 2);

  server_.folder("Zlast").message(5, "Subject: new\r\n\r\n");
  report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.skipped, skipped("Mid", "the connection was lost over this folder"));
  EXPECT_EQ(runner_.snapshot().messages, 9U);
  EXPECT_EQ(attempts_at_mid(), 3) << "once a night, since it is remembered";

  server_.before = {};
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, 13U);
}

TEST_P(BrokenFolder, KeepsItsLastState) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  break_mid(GetParam());
  server_.folder("Mid").message(5, "Subject: new\r\n\r\n");
  server_.folder("Zlast").message(5, "Subject: new too\r\n\r\n");
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(report.skipped, skipped("Mid", "the connection was lost over this folder"));
  EXPECT_EQ(runner_.snapshot().messages, 13U);
  EXPECT_EQ(runner_.snapshot().vanished, 0U);
}

INSTANTIATE_TEST_SUITE_P(Answers, BrokenFolder, testing::Values("!", "...", "rubbish"));

// With LIST-STATUS, and with a STATUS for each folder.
class BrokenStatus : public FolderFailuresTest, public testing::WithParamInterface<const char*> {
 protected:
  BrokenStatus() { server_.capabilities = GetParam(); }

  // The server closes the connection instead of reporting the status of Mid.
  static bool breaks(const std::string& command) {
    return command.starts_with("STATUS \"Mid\"") ||
           (command.starts_with("LIST") && command.find("STATUS") != std::string::npos);
  }
};

TEST_P(BrokenStatus, CostsOnlyTheStatusOfThatFolder) {
  server_.before = [](const std::string& command) {
    return breaks(command) ? std::string(kHangUp) : "";
  };
  for (int night = 0; night < 2; ++night) {
    const AccountReport report = run();
    EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
    EXPECT_EQ(runner_.snapshot().messages, 12U);
    EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("Mid: its STATUS broke the connection")));
  }
  EXPECT_LE(server_.connections(), 6) << "together, one by one, and without Mid's";
}

TEST_P(BrokenStatus, AFolderThatCannotBeOpenedEitherDoesNotAffectTheOthers) {
  server_.before = [](const std::string& command) {
    const bool is_broken = breaks(command) || command.starts_with("EXAMINE \"Mid\"");
    return is_broken ? std::string(kHangUp) : "";
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_EQ(report.error, "");
  EXPECT_THAT(report.skipped, skipped("Mid", "the connection was lost over this folder"));
  EXPECT_EQ(runner_.snapshot().messages, 8U);
}

TEST_P(BrokenStatus, AServerThatAlwaysBreaksIsGivenUp) {
  server_.before = [](const std::string& command) {
    return command.starts_with("LIST") ? std::string(kHangUp) : "";
  };
  EXPECT_EQ(run().status, PassStatus::kFailed);
  EXPECT_LE(server_.connections(), 3);
}

INSTANTIATE_TEST_SUITE_P(Capabilities, BrokenStatus, testing::Values("", "LIST-STATUS"));

TEST_F(FolderFailuresTest, AMessageThatBreaksTheConnectionIsRequestedOnceANight) {
  OddMessage& bad = server_.folder("Mid").messages[1];
  bad.item = [](int) { return std::string(kHangUp); };
  const auto is_listed = ElementsAre(
      AllOf(Field(&SkippedEntry::folder, "Mid"), Field(&SkippedEntry::uid, base::Uid{2}),
            Field(&SkippedEntry::reason, HasSubstr("each time it was requested"))));
  EXPECT_THAT(run().skipped, is_listed);
  EXPECT_EQ(runner_.snapshot().messages, 11U);
  const int first_night = bad.asked;
  EXPECT_GE(first_night, 3);

  server_.folder("Mid").message(5, "Subject: new\r\n\r\n");
  const std::size_t heard = server_.heard().size();
  EXPECT_THAT(run().skipped, is_listed);
  const auto first_of = [&](const std::string& command) {
    return std::find(server_.heard().begin() + static_cast<std::ptrdiff_t>(heard),
                     server_.heard().end(), command) -
           server_.heard().begin();
  };
  EXPECT_LT(first_of("EXAMINE \"Zlast\""), first_of("EXAMINE \"Mid\"")) << "it is tried last";
  EXPECT_EQ(runner_.snapshot().messages, 12U);
  EXPECT_EQ(bad.asked, first_night + 1);
  EXPECT_THAT(run().skipped, is_listed) << "its reason does not grow";
  EXPECT_EQ(bad.asked, first_night + 2);

  bad.item = {};
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, 13U);
}

TEST_F(FolderFailuresTest, ASilentMessageIsLeftOutAndTheRestFetched) {
  server_.folder("Mid").messages[1].item = [](int) { return std::string(kSendNothing); };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_EQ(report.error, "");
  EXPECT_THAT(report.skipped,
              ElementsAre(AllOf(Field(&SkippedEntry::folder, "Mid"),
                                Field(&SkippedEntry::uid, base::Uid{2}),
                                Field(&SkippedEntry::reason, HasSubstr("silent")))));
  EXPECT_EQ(runner_.snapshot().messages, 11U);
  EXPECT_LE(server_.connections(), 3);
}

}  // namespace
}  // namespace backupd
