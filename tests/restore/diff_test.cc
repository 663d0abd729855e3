// `mailstow-restore diff`: the differences between two snapshots, on a real server.
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;

class DiffTest : public testing::Test {
 protected:
  DiffTest() {
    mailstow_.make_store();
    for (const char* folder : {"Work", "Old", "Gone"}) {
      alice_.command("CREATE " + servers::quote(folder));
    }
    for (int number = 1; number <= 4; ++number) append("INBOX", number);
    append("Old", 5);
    append("Gone", 6);
    first_ = back_up();
  }

  void append(const std::string& folder, int number) {
    alice_.append(folder,
                  std::vector<servers::Delivery>{{"From: a@example.org\r\nSubject: number " +
                                                  std::to_string(number) + "\r\n\r\nbody\r\n"}});
  }

  // The id of the snapshot.
  std::string back_up() {
    return mailstow_.backupd_json({"once", "--account", "alice"})["accounts"][0]["snapshot"];
  }

  // Everything that can happen to a mailbox at once.
  void change_all() {
    alice_.command("CREATE New");
    append("New", 7);
    alice_.command("RENAME Old Renamed");
    alice_.command("DELETE Gone");
    alice_.command("SELECT INBOX");
    alice_.command("STORE 1 +FLAGS.SILENT (\\Flagged)");
    alice_.command("COPY 2 Work");
    alice_.command("STORE 2,3 +FLAGS.SILENT (\\Deleted)");
    alice_.command("EXPUNGE");
  }

  json diff(const std::string& from, const std::string& to, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"diff", "alice", "--from", from, "--to", to});
    return mailstow_.restore_json(more);
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::ImapClient alice_ = server_.client("alice");
  std::string first_;
};

TEST_F(DiffTest, FoldersAndMessagesThatDifferAreNamed) {
  change_all();
  const std::string last = back_up();
  const json found = diff(first_, last);
  EXPECT_EQ(found["from"]["snapshot"], first_);
  EXPECT_EQ(found["to"]["snapshot"], last);
  EXPECT_EQ(find_by(found["folders"], "folder", "New")["change"], "added");
  EXPECT_EQ(find_by(found["folders"], "folder", "Gone")["change"], "removed");
  EXPECT_EQ(find_by(found["folders"], "folder", "Renamed")["change"], "renamed");
  EXPECT_EQ(find_by(found["folders"], "folder", "Renamed")["from_folder"], "Old");
  EXPECT_EQ(found["folders"].size(), 3U) << found["folders"];
  EXPECT_EQ(found["counts"], (json{{"added", 1}, {"removed", 2}, {"moved", 1}, {"flags", 1}}));

  const json& messages = found["messages"];
  ASSERT_EQ(messages.size(), 5U);
  const json moved = find_by(messages, "subject", "number 2");
  EXPECT_EQ(moved["change"], "moved");
  EXPECT_EQ(moved["folder"], "Work");
  EXPECT_EQ(moved["from_folder"], "INBOX");
  EXPECT_EQ(moved["from_uid"], 2);
  const json flagged = find_by(messages, "subject", "number 1");
  EXPECT_EQ(flagged["change"], "flags");
  EXPECT_EQ(flagged["flags"], json::array({"\\Flagged"}));
  EXPECT_EQ(flagged["from_flags"], json::array());
  EXPECT_EQ(find_by(messages, "subject", "number 3")["change"], "removed");
  EXPECT_EQ(find_by(messages, "subject", "number 6")["folder"], "Gone");
  EXPECT_EQ(find_by(messages, "subject", "number 7")["change"], "added");

  const std::string text = mailstow_.restore({"diff", "alice", "--from", first_}).out;
  EXPECT_THAT(text, HasSubstr("Folder renamed: Renamed (it was Old)\n"));
  EXPECT_THAT(text, HasSubstr("Messages: 1 added, 2 removed, 1 moved, 1 with other flags;"));
  EXPECT_THAT(text, HasSubstr("+\\Flagged"));
  EXPECT_THAT(text, HasSubstr("from INBOX"));
  // In the other direction, added and removed are swapped.
  EXPECT_EQ(diff(last, first_)["counts"],
            (json{{"added", 2}, {"removed", 1}, {"moved", 1}, {"flags", 1}}));
}

TEST_F(DiffTest, WithoutAnyDifferenceItIsDoneToo) {
  const json found = diff(first_, first_);
  EXPECT_EQ(found["messages"], json::array());
  EXPECT_EQ(found["folders"], json::array());
  EXPECT_EQ(mailstow_.restore({"diff", "alice", "--from", first_}).status, 0);
}

TEST_F(DiffTest, AFolderGlobLimitsItToFolders) {
  change_all();
  const std::string last = back_up();
  const json work = diff(first_, last, {"--folder", "Work"});
  EXPECT_EQ(work["folders"], json::array());
  EXPECT_EQ(work["counts"], (json{{"added", 0}, {"removed", 0}, {"moved", 1}, {"flags", 0}}));
  const json old = diff(first_, last, {"--folder", "old"});
  ASSERT_EQ(old["folders"].size(), 1U) << "the earlier name counts too";
  EXPECT_EQ(old["folders"][0]["folder"], "Renamed");
  const auto misspelt = mailstow_.restore({"diff", "alice", "--from", first_, "--folder", "Wrok"});
  EXPECT_EQ(misspelt.status, 1);
  EXPECT_THAT(misspelt.err, HasSubstr("neither snapshot has such a folder"));
}

TEST_F(DiffTest, PagesTogetherAreTheWholeList) {
  change_all();
  const std::string last = back_up();
  const json whole = diff(first_, last);
  EXPECT_EQ(whole["next"], nullptr);
  for (const std::size_t limit : {1U, 2U, 3U}) {
    json all = json::array();
    std::vector<std::string> page = {"--limit", std::to_string(limit)};
    while (true) {
      const json part = diff(first_, last, page);
      EXPECT_EQ(part["counts"], whole["counts"]) << "of all pages";
      EXPECT_LE(part["messages"].size(), limit);
      for (const json& message : part["messages"]) all.push_back(message);
      if (part["next"].is_null() || all.size() > whole["messages"].size()) break;
      page = {"--limit", std::to_string(limit), "--after=" + part["next"].get<std::string>()};
    }
    EXPECT_EQ(all, whole["messages"]);
  }
}

TEST_F(DiffTest, ASnapshotOfAnotherAccountDoesNotExist) {
  server_.client("bob").append("INBOX",
                               std::vector<servers::Delivery>{{"Subject: of bob\r\n\r\nbody\r\n"}});
  const std::string of_bob =
      mailstow_.backupd_json({"once", "--account", "bob"})["accounts"][0]["snapshot"];
  const auto other = mailstow_.restore({"diff", "alice", "--from", of_bob});
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("it has no snapshot " + of_bob));
  EXPECT_EQ(mailstow_.restore({"diff", "alice"}).status, 2) << "--from is missing";
}

}  // namespace
}  // namespace restore
