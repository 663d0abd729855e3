// A login name that was given to another person: two people's mail is not mixed.
#include "backupd/pass/inbox_identity.h"

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_state.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;

class StrangerTest : public testing::Test {
 protected:
  static void use_only_alice(programs::Installation& mailstow) {
    mailstow.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow.save();
    mailstow.make_store();
  }

  void deliver(const servers::Server& server, const char* folder = "INBOX") {
    const std::vector<servers::Delivery> letters = {{mail_.text(2'000)}};
    server.client("alice").append(folder, letters);
  }

  static std::size_t messages(const servers::Server& server) {
    return servers::account_state(server, "alice").message_count();
  }

  // Expects status 1, both remedies in the message and the document, and nothing written.
  static void expect_refused(const servers::Server& server, const programs::Installation& mailstow,
                             std::vector<std::string> arguments = {}) {
    const auto before = servers::account_state(server, "alice");
    std::vector<std::string> run = {"run", "alice"};
    if (arguments.empty() || arguments.front() != "--resume") run.push_back("--all");
    run.insert(run.end(), arguments.begin(), arguments.end());
    const auto refused = mailstow.restore(run);
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.err, HasSubstr("a different mailbox under this name"));
    EXPECT_THAT(refused.err, HasSubstr("`mailstow-backupd acknowledge alice`"));
    EXPECT_THAT(refused.err, HasSubstr("--to alice"));
    const json document = mailstow.restore_json(run, 1);
    EXPECT_EQ(document["ways_out"]["same_person"], "mailstow-backupd acknowledge alice");
    EXPECT_EQ(document["ways_out"]["knowingly"], "the same command with --to alice");
    EXPECT_EQ(servers::account_state(server, "alice"), before);
  }

  // The kinds of the account's alarms.
  static std::vector<std::string> alarms(const programs::Installation& mailstow) {
    const json status = mailstow.backupd_json({"status"});
    std::vector<std::string> kinds;
    for (const json& alarm : status["accounts"][0]["alarms"]) kinds.push_back(alarm["kind"]);
    return kinds;
  }

  servers::MailGenerator mail_{31};
};

TEST_F(StrangerTest, OnCyrusADifferentMailboxIsNotBackedUpUntilAcknowledged) {
  servers::Cyrus server;
  programs::Installation mailstow(server);
  use_only_alice(mailstow);
  deliver(server);
  deliver(server);
  EXPECT_EQ(mailstow.backupd({"once"}).status, 0);

  // Alice leaves; her name is given to another person.
  const std::string mailbox = server.admin_name("alice");
  auto admin = server.client(servers::Cyrus::quota_admin());
  admin.command("SETACL " + mailbox + " " + servers::Cyrus::quota_admin() + " lrswipkxtecda");
  admin.command("DELETE " + mailbox);
  admin.command("CREATE " + mailbox);
  deliver(server);

  const json refused = mailstow.backupd_json({"once"}, 1)["accounts"][0];
  EXPECT_THAT(refused["error"].get<std::string>(),
              HasSubstr("a different mailbox under this name"));
  EXPECT_THAT(refused["alarms"].dump(), HasSubstr("its INBOX is not the one backed up before"));
  EXPECT_EQ(mailstow.restore_json({"snapshots", "alice"})["snapshots"].size(), 1U);
  EXPECT_THAT(alarms(mailstow), testing::ElementsAre("stranger"));
  // The new owner does not get the old one's mail either.
  expect_refused(server, mailstow);
  EXPECT_EQ(messages(server), 1U);
  EXPECT_EQ(mailstow.restore({"run", "alice", "--all", "--to", "alice", "--dry-run"}).status, 0);

  EXPECT_EQ(mailstow.backupd({"acknowledge", "alice"}).status, 0);
  EXPECT_EQ(mailstow.backupd_json({"once"})["accounts"][0]["messages"], 1);
  EXPECT_THAT(alarms(mailstow), testing::IsEmpty());
  EXPECT_EQ(mailstow.restore({"run", "alice", "--all", "--dry-run"}).status, 0);
  EXPECT_EQ(mailstow.backupd({"acknowledge", "alice"}).status, 1)
      << "there is nothing to acknowledge";
  std::string script;
  for (const std::string& word : mailstow.backupd_command({"acknowledge", "alice"})) {
    script += "'" + word + "' ";
  }
  const auto full = servers::run_program({"sh", "-c", script + ">/dev/full"});
  EXPECT_EQ(full.status, 1);
  EXPECT_THAT(full.err, HasSubstr("write to standard output: No space left on device"));
  EXPECT_THAT(full.err, testing::Not(HasSubstr("the work is done")));
}

// Without MAILBOXID there is only UIDVALIDITY, which servers change for other reasons too.
class DovecotStrangerTest : public StrangerTest {
 protected:
  DovecotStrangerTest() {
    use_only_alice(mailstow_);
    server_.client("alice").command("CREATE Archive");
    deliver(server_);
    deliver(server_, "Archive");
    EXPECT_EQ(mailstow_.backupd({"once"}).status, 0);
  }

  // The mailbox is deleted and made again under the same name.
  void recycle() {
    server_.break_connections();
    server_.stop();
    std::filesystem::remove_all(server_.maildir("alice").path_of("INBOX"));
    wait_for_another_uidvalidity();
    server_.start();
  }

  // Dovecot's UIDVALIDITY is the second in which a folder is made, or one more than that of the
  // folder made before it: with two folders it is ahead of the clock by as much as two seconds.
  static void wait_for_another_uidvalidity() {
    std::this_thread::sleep_for(std::chrono::milliseconds(3100));
  }

  json once(int status) { return mailstow_.backupd_json({"once"}, status)["accounts"][0]; }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(DovecotStrangerTest, RefusesToRestoreToADifferentMailboxBeforeAndAfterTheNextBackup) {
  const std::string old_snapshot =
      mailstow_.restore_json({"snapshots", "alice"})["snapshots"][0]["snapshot"];
  recycle();
  expect_refused(server_, mailstow_);
  expect_refused(server_, mailstow_, {"--dry-run"});
  expect_refused(server_, mailstow_, {"--missing"});
  EXPECT_EQ(mailstow_.restore_json({"snapshots", "alice"})["snapshots"].size(), 1U)
      << "no backup is taken for --missing";
  EXPECT_THAT(alarms(mailstow_), testing::ElementsAre("stranger"))
      << "the first command to detect it records it";

  deliver(server_);
  for (int night = 0; night < 3; ++night) {
    const json report = once(3);
    EXPECT_EQ(report["messages"], 1) << "the mail of the present owner is what counts";
    EXPECT_THAT(report["alarms"].dump(),
                HasSubstr("its INBOX is not the one backed up before: UIDVALIDITY"));
    expect_refused(server_, mailstow_);
    expect_refused(server_, mailstow_, {"--at", old_snapshot});
  }
  EXPECT_THAT(mailstow_.backupd({"metrics"}).out,
              HasSubstr("mailstow_account_alarm{account=\"alice\",kind=\"stranger\"} 1"));

  // A bound on what is shown does not hide whose mailbox it was.
  const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
  expect_refused(server_, mailstow_, {"--reach", snapshots.back()["snapshot"]});

  // The note is lost with the index, but the snapshots still show the change.
  std::filesystem::remove(mailstow_.index() / "acknowledged.json");
  expect_refused(server_, mailstow_);
  std::filesystem::remove(mailstow_.index() / "acknowledged.json");
  EXPECT_THAT(once(3)["alarms"].dump(), HasSubstr("its INBOX is not the one backed up before"));
  EXPECT_EQ(messages(server_), 1U);
}

TEST_F(DovecotStrangerTest, AChangeMayBeAcknowledgedBeforeTheNextBackup) {
  recycle();
  expect_refused(server_, mailstow_);
  EXPECT_THAT(mailstow_.backupd({"acknowledge", "alice"}).out, HasSubstr("the same person's"));
  EXPECT_EQ(mailstow_.restore_json({"run", "alice", "--all"})["folders"].size(), 2U);
  EXPECT_EQ(messages(server_), 2U);
  EXPECT_THAT(once(0)["alarms"], testing::IsEmpty());
  EXPECT_EQ(mailstow_.backupd({"acknowledge", "alice"}).status, 1)
      << "there is nothing to acknowledge";
}

TEST_F(DovecotStrangerTest, AChangeAcknowledgedAfterTheNextBackupHoldsUntilTheNextChange) {
  recycle();
  deliver(server_);
  once(3);
  std::filesystem::remove(mailstow_.index() / "acknowledged.json");
  EXPECT_THAT(mailstow_.backupd({"acknowledge", "alice"}).out, HasSubstr("the same person's"))
      << "the change that the snapshots show";
  EXPECT_THAT(alarms(mailstow_), testing::IsEmpty());
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--all", "--dry-run"}).status, 0);
  once(0);
  recycle();
  expect_refused(server_, mailstow_);
  once(3);
  expect_refused(server_, mailstow_);
}

TEST_F(DovecotStrangerTest, RestoresToADifferentMailboxIfToNamesIt) {
  recycle();
  deliver(server_);
  const json report = mailstow_.restore_json({"run", "alice", "--all", "--to", "alice"});
  EXPECT_EQ(messages(server_), 3U);
  once(3);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--all", "--to", "alice", "--dry-run"}).status, 0);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--to", "alice", "--missing"}).status, 1)
      << "nothing is missing in the newest snapshot";
  const std::string tree = report["tree"];
  expect_refused(server_, mailstow_, {"--resume", tree});
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", tree, "--to", "alice"}).status, 0);
}

TEST_F(DovecotStrangerTest, ASweepDoesNotRescueAnotherPersonsMail) {
  mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  recycle();
  // The old tree disappeared with its mailbox, and that mailbox may be restored.
  json level = mailstow_.restore_json({"sweep"}, 1)["trees"][0]["levels"][0];
  EXPECT_EQ(level["action"], "kept for now");
  EXPECT_THAT(level["why"].get<std::string>(), HasSubstr("INBOX is UIDVALIDITY"));

  const std::string tree = mailstow_.restore_json(
      {"run", "alice", "--all", "--to", "alice", "--expire-after", "1s"})["tree"];
  deliver(server_, (tree + "/Archive").c_str());
  const json swept = find_by(mailstow_.restore_json({"sweep"}, 3)["trees"], "tree", tree);
  level = find_by(swept["levels"], "folder", tree + "/Archive");
  EXPECT_EQ(level["action"], "kept for now") << swept.dump(2);
  EXPECT_THAT(level["why"].get<std::string>(), HasSubstr("could not be rescued: INBOX is"));
  EXPECT_EQ(find_by(swept["levels"], "folder", tree + "/INBOX")["action"], "deleted")
      << "a folder that mailstow created is recognised by its own identity";
  EXPECT_EQ(mailstow_.restore_json({"snapshots", "alice"})["snapshots"].size(), 1U);

  EXPECT_EQ(mailstow_.backupd({"acknowledge", "alice"}).status, 0);
  mailstow_.restore_json({"sweep"});
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"], json::array());
  EXPECT_EQ(mailstow_.restore_json({"snapshots", "alice"})["snapshots"].size(), 2U) << "rescued";
}

TEST_F(DovecotStrangerTest, AfterAMigrationAllAccountsOfAServerAreAcknowledgedTogether) {
  mailstow_.config()["accounts"].push_back({{"name", "bob"}, {"server", "main"}});
  mailstow_.config()["servers"]["other"] = mailstow_.config()["servers"]["main"];
  mailstow_.config()["accounts"].push_back(
      {{"name", "alice-elsewhere"}, {"server", "other"}, {"user", "alice"}});
  mailstow_.save();
  const std::vector<servers::Delivery> letters = {{mail_.text(100)}};
  server_.client("bob").append("INBOX", letters);
  EXPECT_EQ(mailstow_.backupd({"once"}).status, 0);
  EXPECT_EQ(mailstow_.backupd({"acknowledge", "--server", "main"}).status, 0)
      << "a script may find nothing to acknowledge";

  wait_for_another_uidvalidity();
  server_.lose_uids("alice");
  server_.lose_uids("bob");
  EXPECT_EQ(mailstow_.backupd({"once"}).status, 3);
  const json accepted = mailstow_.backupd_json({"acknowledge", "--server", "main"});
  ASSERT_EQ(accepted["accounts"].size(), 2U) << accepted;
  for (const char* name : {"alice", "bob"}) {
    const json account = find_by(accepted["accounts"], "account", name);
    EXPECT_THAT(account["accepted"][0].get<std::string>(), HasSubstr("the same person's"));
    EXPECT_EQ(mailstow_.restore({"run", name, "--all", "--dry-run"}).status, 0);
  }
  EXPECT_EQ(mailstow_.restore({"run", "alice-elsewhere", "--all", "--dry-run"}).status, 1);
  EXPECT_THAT(mailstow_.backupd({"acknowledge", "--server", "other"}).out,
              HasSubstr("alice-elsewhere: its INBOX is UIDVALIDITY"));
  EXPECT_EQ(mailstow_.backupd({"once"}).status, 0);
  EXPECT_THAT(mailstow_.backupd({"acknowledge", "--server", "mian"}).err,
              HasSubstr("did you mean \"main\"?"));
  EXPECT_EQ(mailstow_.backupd({"acknowledge", "--server", "main", "alice"}).status, 2);
  EXPECT_EQ(mailstow_.backupd({"acknowledge"}).status, 2);
}

// As with Courier: an INBOX gets a new UIDVALIDITY in each session until a message arrives.
TEST_F(StrangerTest, AnEmptyInboxThatIsAlwaysRenumberedIsNoDifferentMailbox) {
  servers::Dovecot server;
  programs::Installation mailstow(server);
  use_only_alice(mailstow);
  std::set<std::string> seen;
  const auto night = [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    server.lose_uids("alice");
    const json account = mailstow.backupd_json({"once"})["accounts"][0];
    EXPECT_THAT(account["alarms"], testing::IsEmpty());
    seen.insert(find_by(account["receipts"], "folder", "INBOX")["uidvalidity"].dump());
  };
  night();
  night();
  night();
  deliver(server);
  night();
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_EQ(mailstow.restore({"run", "alice", "--all", "--dry-run"}).status, 0);
}

}  // namespace
}  // namespace backupd
