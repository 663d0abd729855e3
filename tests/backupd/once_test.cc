// `mailstow-backupd once` on a real server, its results compared with those of an independent
// client.
#include <gmock/gmock.h>

#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;

class OnceTest : public testing::Test {
 protected:
  OnceTest() { mailstow_.make_store(); }

  json once(int status = 0) {
    return find_by(mailstow_.backupd_json({"once", "--account", "alice"}, status)["accounts"],
                   "account", "alice");
  }

  // Every receipt equals the one that an independent client computes from the server.
  void expect_receipts(const json& account) {
    programs::expect_receipts(account, servers::account_state(server_, "alice"));
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(OnceTest, BacksUpEveryFolderExactly) {
  servers::fill_account(server_, "alice", 150);
  const json account = once();
  EXPECT_EQ(account["status"], "complete");
  EXPECT_EQ(account["skipped"], json::array());
  EXPECT_EQ(account["new_messages"], 150);
  EXPECT_GT(account["fetched_bytes"], 0);
  EXPECT_GT(account["stored_bytes"], 0);
  expect_receipts(account);
}

TEST_F(OnceTest, FetchesNoBodyWhenNothingChanged) {
  servers::fill_account(server_, "alice", 60);
  const json first = once();
  const json second = once();
  EXPECT_EQ(second["status"], "complete");
  EXPECT_EQ(second["fetched_bytes"], 0);
  EXPECT_EQ(second["new_messages"], 0);
  EXPECT_EQ(second["receipts"], first["receipts"]);
}

TEST_F(OnceTest, FetchesOnlyNewMailAfterAFlagAMoveAndANewMessage) {
  servers::fill_account(server_, "alice", 60);
  servers::MailGenerator mail(7);
  auto alice = server_.client("alice");
  alice.command("CREATE Moved");
  alice.append("INBOX", std::vector<servers::Delivery>{{mail.text(30'000)}});
  once();

  alice.command("SELECT INBOX");
  alice.command("STORE 1 +FLAGS (\\Flagged $Label7)");
  alice.command("MOVE 2 Moved");
  const std::string news = mail.text(5'000);
  alice.append("INBOX", std::vector<servers::Delivery>{{news}});

  const json account = once();
  EXPECT_EQ(account["new_messages"], 1) << "the moved message is stored once";
  EXPECT_LT(account["fetched_bytes"], 25'000) << "only the new and the moved message";
  expect_receipts(account);
}

TEST_F(OnceTest, SeesExpungedMessagesAndFlagsAfterTheServerLostItsIndex) {
  servers::fill_account(server_, "alice", 60);
  auto alice = server_.client("alice");
  alice.command("SELECT INBOX");
  for (int change = 0; change < 5; ++change) {
    alice.command(change % 2 == 0 ? "STORE 1 +FLAGS \\Flagged" : "STORE 1 -FLAGS \\Flagged");
  }
  once();
  server_.stop();
  server_.lose_index_files("alice");
  server_.start();
  auto again = server_.client("alice");
  again.command("SELECT INBOX");
  again.command("STORE 2 +FLAGS \\Deleted");
  again.command("EXPUNGE");
  expect_receipts(once());
}

TEST_F(OnceTest, ANewUidValidityStoresNothingTwice) {
  servers::fill_account(server_, "alice", 40);
  once();
  server_.stop();
  server_.lose_uids("alice");
  server_.start();
  const json account = once(3);
  EXPECT_EQ(account["status"], "complete") << "the changed mailbox is yet to be acknowledged";
  EXPECT_EQ(account["new_messages"], 0);
  expect_receipts(account);
}

TEST_F(OnceTest, StoresOddMessagesExactlyAsServed) {
  servers::MailGenerator mail(3);
  auto maildir = server_.maildir("alice");
  for (const std::string& bytes : mail.horrors()) maildir.deliver("Odd", {bytes});
  maildir.deliver("Odd", {""});
  // In base64, both are more than the 16 MiB that all pipes hold.
  const std::size_t large = tests::is_long_run() ? 20'000'000 : 13'000'000;
  maildir.deliver("Large", {mail.attachment(large)});
  const json account = once();
  EXPECT_EQ(account["status"], "complete") << account.dump(2);
  expect_receipts(account);
}

TEST_F(OnceTest, StoresThousandsOfTinyMessages) {
  servers::MailGenerator mail(4);
  auto maildir = server_.maildir("alice");
  for (int message = 0; message < 3'000; ++message) maildir.deliver("Tiny", {mail.tiny()});
  const json account = once();
  EXPECT_EQ(account["status"], "complete");
  EXPECT_EQ(account["new_messages"], 3'000);
  expect_receipts(account);
}

TEST_F(OnceTest, LeavesExcludedFoldersOut) {
  auto alice = server_.client("alice");
  for (const char* name : {"Junk", "Junk/2023", "Keep", "junk", "Mu&Awg-ll", "INBOX/Lists"}) {
    alice.command(std::string("CREATE ") + name);
  }
  mailstow_.config()["exclude"] = {"Junk*", "M\u00fcll", "inbox/Lists"};
  mailstow_.save();
  const json account = once();
  EXPECT_TRUE(find_by(account["receipts"], "folder", "Junk").is_null());
  EXPECT_TRUE(find_by(account["receipts"], "folder", "Junk/2023").is_null());
  EXPECT_FALSE(find_by(account["receipts"], "folder", "Keep").is_null());
  EXPECT_FALSE(find_by(account["receipts"], "folder", "junk").is_null()) << "another folder";
  EXPECT_TRUE(find_by(account["receipts"], "folder", "Mu\u0308ll").is_null()) << "the same text";
  EXPECT_TRUE(find_by(account["receipts"], "folder", "INBOX/Lists").is_null());
  EXPECT_FALSE(find_by(account["receipts"], "folder", "INBOX").is_null());
}

TEST_F(OnceTest, AFailingAccountDoesNotAffectTheOthers) {
  servers::fill_account(server_, "alice", 20);
  mailstow_.config()["accounts"].push_back({{"name", "nobody"}, {"server", "main"}});
  mailstow_.save();
  const json report = mailstow_.backupd_json({"once"}, 3);
  EXPECT_EQ(report["status"], "partial");
  EXPECT_EQ(find_by(report["accounts"], "account", "alice")["status"], "complete");
  const json failed = find_by(report["accounts"], "account", "nobody");
  EXPECT_EQ(failed["status"], "failed");
  const json history =
      mailstow_.backupd_json({"status", "--history", failed["account"]})["history"];
  EXPECT_EQ(history.at(0)["status"], "failed");
  EXPECT_EQ(history.at(0)["reasons"][0]["reason"], failed["error"]);
  EXPECT_NE(failed["error"].get<std::string>(), "");
}

TEST_F(OnceTest, StatusShowsTheLastBackupOfEachAccount) {
  servers::fill_account(server_, "alice", 20);
  once();
  const json status = mailstow_.backupd_json({"status"});
  EXPECT_EQ(find_by(status["accounts"], "account", "alice")["messages"], 20);
  EXPECT_EQ(find_by(status["accounts"], "account", "alice")["last_status"], "complete");
  EXPECT_TRUE(find_by(status["accounts"], "account", "bob")["last_backup"].is_null());
  EXPECT_GT(status["store"]["pack_bytes"], 0);
}

}  // namespace
}  // namespace backupd
