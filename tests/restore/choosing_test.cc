// What an administrator types chooses what they mean: names and words in every alphabet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/index/sqlite.h"
#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;

class ChoosingTest : public testing::Test {
 protected:
  ChoosingTest() { mailstow_.backupd({"init"}); }

  void append(const std::string& folder, const std::string& subject) {
    const std::string mail = "From: a@example.org\r\nSubject: " + subject +
                             "\r\nDate: Tue, 3 Nov 2026 10:00:00 +0000\r\n\r\nbody\r\n";
    server_.client("alice").append(folder, std::vector<servers::Delivery>{{mail}});
  }

  void create(const std::string& raw_name) {
    server_.client("alice").command("CREATE " + servers::quote(raw_name));
  }

  std::string back_up() {
    return mailstow_.backupd_json({"once", "--account", "alice"})["accounts"][0]["snapshot"];
  }

  // The names of the folders that the glob chooses.
  std::vector<std::string> chosen(const std::string& glob) {
    std::vector<std::string> names;
    const json plan = mailstow_.restore_json({"run", "alice", "--folder", glob, "--dry-run"});
    for (const json& folder : plan["folders"]) names.push_back(folder["source"]);
    return names;
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(ChoosingTest, AFolderIsFoundHoweverItsNameIsEncoded) {
  create("Mu&Awg-ll");  // as a Mac's client writes Müll
  create("Work");
  create("work");
  create("Archive");
  append("Mu&Awg-ll", "one");
  append("INBOX", "two");
  back_up();
  using testing::ElementsAre;
  const std::string stored = "Mu\u0308ll";
  EXPECT_THAT(chosen("M\u00fcll"), ElementsAre(stored));
  EXPECT_THAT(chosen("M?LL"), ElementsAre(stored)) << "of no folder as it is written";
  EXPECT_THAT(chosen("inbox"), ElementsAre("INBOX"));
  EXPECT_THAT(chosen("work"), ElementsAre("work")) << "and not Work";
  EXPECT_THAT(chosen("archive"), ElementsAre("Archive"));
  EXPECT_EQ(mailstow_.restore_json({"messages", "alice", "M\u00fcll"})["folder"], stored);
  EXPECT_EQ(mailstow_.restore_json({"messages", "alice", "inbox"})["messages"][0]["subject"],
            "two");
  const auto unsure = mailstow_.restore({"messages", "alice", "WORK"});
  EXPECT_EQ(unsure.status, 1);
  EXPECT_THAT(unsure.err, HasSubstr("2 folders with names like this"));
  EXPECT_THAT(mailstow_.restore({"run", "alice", "--folder", "Mull", "--dry-run"}).err,
              HasSubstr("did you mean"));
  EXPECT_EQ(mailstow_.restore_json({"search", "alice", "one", "folder:mull"})["total"], 1);
  EXPECT_EQ(mailstow_.restore_json({"search", "alice", "two", "folder:inbox"})["total"], 1);
}

TEST_F(ChoosingTest, AnOldSearchIndexIsMadeAgainByTheNextBackup) {
  append("INBOX", "Straße");
  back_up();
  store::Database::open_or_create(mailstow_.index() / "search.sqlite")
      .run("PRAGMA user_version = 1");
  const auto before = mailstow_.restore({"search", "alice", "strasse"});
  EXPECT_EQ(before.status, 1);
  EXPECT_THAT(before.err, HasSubstr("the next backup makes it"));
  back_up();
  EXPECT_EQ(mailstow_.restore_json({"search", "alice", "strasse"})["total"], 1);
}

}  // namespace
}  // namespace restore
