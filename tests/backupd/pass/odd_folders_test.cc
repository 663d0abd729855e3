// Oddities of real servers with folders (and of hostile ones): names, lists, UIDVALIDITY, and other
// users' folders.
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "tests/backupd/pass/odd_server_fixture.h"

namespace backupd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class OddFoldersTest : public OddServerFixture {};

TEST_F(OddFoldersTest, ALineOfListThatIsNotUnderstoodIsReported) {
  server_.folder("Work").message(1, "Subject: work\r\n\r\n");
  server_.folder("Work").attributes = "\\HasNoChildren) \"/\" \"Old\" mail\r\n* LIST (";
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_EQ(report.error, "");
  EXPECT_THAT(report.troubles,
              ElementsAre("a line of LIST is not understood, so its folder may be missing: * LIST "
                          "(\\HasNoChildren) \"/\" \"Old\" mail"));
  EXPECT_THAT(names(), ElementsAre("INBOX", "Work")) << "the others are backed up";
}

TEST_F(OddFoldersTest, AnInvalidUidvalidityDoesNotVouchForLaterUids) {
  for (const char* validity : {"0", "4294967296", "99999999999999999999999"}) {
    PassRunner runner("alice");
    server_.folder("INBOX").uid_validity = validity;
    for (int night = 0; night < 2; ++night) {
      EXPECT_EQ(runner.run_over(server_.connect()).status, PassStatus::kComplete) << validity;
      EXPECT_EQ(runner.snapshot().messages, 3U);
    }
    // Different messages under the same UIDs.
    server_.folder("INBOX").messages[0].body = "other " + std::string(validity);
    EXPECT_EQ(runner.run_over(server_.connect()).new_messages, 1U);
  }
}

TEST_F(OddFoldersTest, BacksUpFoldersWithNamesOfAllKinds) {
  const std::vector<std::string> odd = {
      "say \"hi\"", "back\\slash", "new\r\nline",  "tail ",        "..",
      "a//b",       "Entw\xFCrfe", "Entw&APw-rfe", "&broken-utf7", "Entw\xC3\xBCrfe",
      "%",          "*",           "inbox.x",      "(paren)",      "{3}"};
  for (const std::string& name : odd) server_.folder(name).message(1, "in " + name);
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, 3U + odd.size());
  std::vector<std::string> expected = {"INBOX"};
  expected.insert(expected.end(), odd.begin(), odd.end());
  EXPECT_EQ(names(), expected);
}

// The list has passed the new name, and does not show the old one any more.
TEST_F(OddFoldersTest, AFolderThatIsRenamedWhileTheListIsSentIsNotMissed) {
  server_.folder("Old").message(1, "Subject: stays\r\n\r\n");
  EXPECT_EQ(run().status, PassStatus::kComplete);
  bool is_renamed = false;
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (!command.starts_with("LIST") || std::exchange(is_renamed, true)) {
      return Afterwards::kNothing;
    }
    const std::string line = "* LIST () \"/\" Old\r\n";
    answer.erase(answer.find(line), line.size());
    server_.remove("Old");
    server_.folder("New").message(1, "Subject: stays\r\n\r\n");
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_TRUE(is_renamed);
  EXPECT_EQ(report.status, PassStatus::kComplete);
  EXPECT_THAT(names(), ElementsAre("INBOX", "New"));
  expect_stored({"INBOX", "New"}, &report);
}

TEST_F(OddFoldersTest, AFolderThatCannotBeOpenedDoesNotAffectTheOthers) {
  server_.folder("Burning").refusal = "NO it is on fire";
  server_.folder("Parent").attributes = "\\Noselect";
  server_.folder("Gone").attributes = "\\NonExistent \\HasChildren";
  server_.folder("Zebra").message(1, "z");
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_EQ(report.skipped[0].folder, "Burning");
  EXPECT_THAT(report.skipped[0].reason, HasSubstr("on fire"));
  EXPECT_EQ(runner_.snapshot().messages, 4U);
  EXPECT_THAT(names(), ElementsAre("INBOX", "Burning", "Parent", "Gone", "Zebra"));
}

// Others' folders beside the account's, on a server that names no namespace.
class NoNamespaceTest : public OddFoldersTest {
 protected:
  NoNamespaceTest() {
    server_.namespaces.clear();
    server_.capabilities = "ACL";
    for (const std::string name : {"Work", "Team", "Other Users/bob", "Shared/all"}) {
      server_.folder(name).message(1, "Subject: in " + name + "\r\n\r\n");
    }
    server_.folder("Work").rights = "lrswipkxtea";
    server_.folder("Team").rights = "lrs";
  }
};

TEST_F(NoNamespaceTest, AnotherPersonsMailIsReportedAndNotTaken) {
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(names(), ElementsAre("INBOX", "Work"));
  EXPECT_EQ(runner_.snapshot().messages, 4U);
  EXPECT_THAT(report.warnings,
              ElementsAre("not backed up, because they are in none of the account's namespaces: "
                          "Team, Other Users/bob, Shared/all: if they are the account's, include "
                          "them with \"namespaces\": "
                          "[\"Team/\",\"Other Users/bob/\",\"Shared/all/\"]"));
  for (const std::string& command : server_.heard()) {
    EXPECT_THAT(command,
                testing::Not(testing::AllOf(testing::StartsWith("EXAMINE"), HasSubstr("Team"))));
  }
}

TEST_F(NoNamespaceTest, NothingIsTakenIfNamespaceIsRefusedOrNil) {
  for (const std::string namespaces : {"NIL NIL NIL", "refused"}) {
    PassRunner runner("alice");
    server_.namespaces = namespaces;
    server_.before = [&](const std::string& command) -> std::string {
      return namespaces == "refused" && command == "NAMESPACE" ? "NO not now" : "";
    };
    EXPECT_THAT(runner.run_over(server_.connect()).warnings,
                ElementsAre(HasSubstr("Team, Other Users/bob, Shared/all")))
        << namespaces;
    EXPECT_EQ(runner.snapshot().messages, 4U) << namespaces;
  }
}

// Earlier versions took it.
TEST_F(NoNamespaceTest, ARecordedFolderOfAnotherPersonLeavesTheSnapshot) {
  server_.namespaces = R"((("" "/")) NIL NIL)";
  run();
  ASSERT_EQ(runner_.snapshot().messages, 7U);
  server_.namespaces.clear();
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_THAT(names(), ElementsAre("INBOX", "Work"));
  EXPECT_EQ(runner_.snapshot().vanished, 3U);
}

TEST_F(OddFoldersTest, FoldersOutsideTheNamedNamespacesAreReported) {
  server_.namespaces = R"((("INBOX/" "/")) (("user/" "/")) NIL)";
  server_.folder("INBOX/Sent").message(1, "Subject: mine\r\n\r\n");
  server_.folder("Archive").message(1, "Subject: outside\r\n\r\n");
  server_.folder("Archive/2023").message(1, "Subject: outside too\r\n\r\n");
  server_.folder("user/bob").message(1, "Subject: his\r\n\r\n");
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(runner_.snapshot().messages, 4U);
  EXPECT_THAT(report.warnings,
              ElementsAre("not backed up, because they are in none of the account's namespaces: "
                          "%/Archive, %/Archive/2023: if they are the account's, include them with "
                          "\"namespaces\": [\"Archive/\"]"));
}

}  // namespace
}  // namespace backupd
