// `mailstow-restore show`: a message's bytes, and where and when it was held.
#include <filesystem>
#include <set>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/process.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;
using testing::Not;

class ShowTest : public testing::Test {
 protected:
  ShowTest() { mailstow_.make_store(); }

  void back_up() { mailstow_.backupd({"once"}); }

  void append(const std::string& user, const std::string& bytes) {
    server_.client(user).append("INBOX", std::vector<servers::Delivery>{{bytes}});
  }

  // The ids of an account's messages in INBOX, by UID.
  std::vector<std::string> ids(const std::string& account) {
    std::vector<std::string> all;
    const json document = mailstow_.restore_json({"messages", account, "INBOX"});
    for (const json& message : document["messages"]) {
      all.push_back(message["message"]);
    }
    return all;
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{3};
};

TEST_F(ShowTest, RawIsTheMessageByteForByte) {
  const std::vector<std::string> mails = {mail_.plain(), mail_.odd_attachment(200'000),
                                          mail_.non_ascii(),
                                          "Subject: bytes\r\n\r\n\x01\x1b[31m\xff\xfe\r\n"};
  for (const std::string& bytes : mails) append("alice", bytes);
  back_up();
  const std::vector<std::string> all = ids("alice");
  ASSERT_EQ(all.size(), mails.size());
  for (std::size_t at = 0; at < mails.size(); ++at) {
    for (const std::string& id : {all[at], all[at].substr(0, 8), all[at].substr(0, 16)}) {
      const auto shown = mailstow_.restore({"show", "alice", id, "--raw"});
      EXPECT_EQ(shown.status, 0) << shown.err;
      EXPECT_EQ(shown.out, mails[at]);
      EXPECT_EQ(shown.err, "");
    }
  }
}

TEST_F(ShowTest, RawIsNeverWrittenToATerminalAndHasNoDocument) {
  append("alice", "Subject: red\r\n\r\n\x1b[31mred\r\n");
  back_up();
  const std::string id = ids("alice").at(0);
  std::string line;
  for (const std::string& word : mailstow_.restore_command({"show", "alice", id, "--raw"})) {
    line += "'" + word + "' ";
  }
  const auto refused = servers::run_program({"script", "-qec", line, "/dev/null"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.out, HasSubstr("standard output is a terminal"));
  EXPECT_THAT(refused.out, Not(HasSubstr("\x1b[31m")));
  EXPECT_EQ(mailstow_.restore({"show", "alice", id, "--raw", "--json"}).status, 2);
}

TEST_F(ShowTest, TheSummaryHasHeadersFoldersFlagsAndTimes) {
  append("alice",
         "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nTo: alice@example.org\r\n"
         "Subject: =?utf-8?q?Caf=C3=A9?=\r\nDate: Tue, 1 Dec 2026 10:00:00 +0000\r\n"
         "Message-ID: <1@example.org>\r\n\r\nbody\r\n");
  back_up();
  const std::string id = ids("alice").at(0);
  const json fresh = mailstow_.restore_json({"show", "alice", id});
  EXPECT_EQ(fresh["still_there"], true);
  EXPECT_EQ(fresh["gone_since"], nullptr);

  servers::ImapClient alice = server_.client("alice");
  alice.command("CREATE Kept");
  alice.command("SELECT INBOX");
  alice.command("STORE 1 +FLAGS.SILENT (\\Flagged)");
  alice.command("COPY 1 Kept");
  back_up();
  alice.command("STORE 1 +FLAGS.SILENT (\\Deleted)");
  alice.command("EXPUNGE");
  back_up();
  const json moved = mailstow_.restore_json({"show", "alice", id.substr(0, 8)});
  EXPECT_EQ(moved["message"], id);
  EXPECT_EQ(moved["subject"], "Café");
  EXPECT_EQ(moved["from"], "Jürgen <j@example.org>");
  EXPECT_EQ(moved["message_id"], "1@example.org");
  EXPECT_EQ(moved["date"], "2026-12-01T10:00:00Z");
  EXPECT_EQ(moved["still_there"], true) << "in Kept";
  EXPECT_EQ(moved["readable"], true);
  EXPECT_EQ(moved["snapshots"].size(), 3U);
  ASSERT_EQ(moved["places"].size(), 2U);
  const json inbox = find_by(moved["places"], "folder", "INBOX");
  EXPECT_EQ(inbox["snapshots"], 2);
  EXPECT_EQ(inbox["flags"], json::array({"\\Flagged"}));
  EXPECT_EQ(inbox["first_snapshot"], moved["snapshots"][0]["snapshot"]);
  EXPECT_EQ(inbox["last_snapshot"], moved["snapshots"][1]["snapshot"]);
  EXPECT_EQ(find_by(moved["places"], "folder", "Kept")["last_snapshot"],
            moved["snapshots"][2]["snapshot"]);

  alice.command("SELECT Kept");
  alice.command("STORE 1 +FLAGS.SILENT (\\Deleted)");
  alice.command("EXPUNGE");
  back_up();
  const json gone = mailstow_.restore_json({"show", "alice", id});
  EXPECT_EQ(gone["still_there"], false);
  EXPECT_EQ(gone["gone_since"],
            mailstow_.restore_json({"snapshots", "alice"})["snapshots"][3]["time"]);
  const std::string text = mailstow_.restore({"show", "alice", id}).out;
  EXPECT_THAT(text, HasSubstr("Subject:    Café\n"));
  EXPECT_THAT(text, HasSubstr("; gone since "));
  EXPECT_THAT(text, HasSubstr("Kept"));
  EXPECT_THAT(text, HasSubstr("mailstow-restore run alice --message " + id.substr(0, 16)));
}

TEST_F(ShowTest, ADamagedBackupIsNotOneWithoutTheMessage) {
  append("alice", mail_.plain());
  back_up();
  const std::string id = ids("alice").at(0);
  const auto packs = [&] {
    std::set<base::Path> all;
    for (const auto& entry : std::filesystem::directory_iterator(mailstow_.store() / "packs")) {
      all.insert(entry.path());
    }
    return all;
  };
  const std::set<base::Path> whole = packs();
  servers::ImapClient alice = server_.client("alice");
  alice.command("SELECT INBOX");
  alice.command("STORE 1 +FLAGS.SILENT (\\Deleted)");
  alice.command("EXPUNGE");
  back_up();
  EXPECT_EQ(mailstow_.restore_json({"show", "alice", id})["still_there"], false);
  for (const base::Path& pack : packs()) {
    if (!whole.contains(pack)) std::filesystem::remove(pack);
  }
  constexpr int kDamaged = 4;
  const json shown = mailstow_.restore_json({"show", "alice", id}, kDamaged);
  EXPECT_EQ(shown["still_there"], nullptr);
  EXPECT_EQ(shown["gone_since"], nullptr);
  EXPECT_EQ(shown["readable"], true);
  EXPECT_EQ(shown["snapshots"].size(), 1U);
  EXPECT_THAT(mailstow_.restore({"show", "alice", id}).out,
              HasSubstr("; the newest backup could not be searched in full"));
}

TEST_F(ShowTest, AnotherAccountsMessageLooksLikeOneThatDoesNotExist) {
  append("alice", mail_.plain());
  append("bob", mail_.plain());
  back_up();
  const std::string of_bob = ids("bob").at(0);
  const std::string invented(64, '7');
  for (const std::string& more : {std::string("--raw"), std::string("--json")}) {
    auto other = mailstow_.restore({"show", "alice", of_bob, more});
    auto none = mailstow_.restore({"show", "alice", invented, more});
    EXPECT_EQ(other.status, 1);
    EXPECT_EQ(none.status, 1);
    for (auto* text : {&other.out, &other.err}) {
      if (const auto at = text->find(of_bob); at != std::string::npos) {
        text->replace(at, of_bob.size(), invented);
      }
    }
    EXPECT_EQ(other.out, none.out);
    EXPECT_EQ(other.err, none.err);
  }
  EXPECT_EQ(mailstow_.restore({"show", "bob", of_bob, "--raw"}).status, 0);
  const auto no_id = mailstow_.restore({"show", "alice", "*"});
  EXPECT_EQ(no_id.status, 2);
  EXPECT_THAT(no_id.err, HasSubstr("not a message's id"));
}

}  // namespace
}  // namespace restore
