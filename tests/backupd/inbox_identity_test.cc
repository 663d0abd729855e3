// A login name that was given to somebody else: two people's mail does not get mixed.
#include "backupd/inbox_identity.h"

#include <chrono>
#include <filesystem>
#include <thread>

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

TEST(InboxIdentityTest, IsToldByMailboxIdAndElseByUidvalidity) {
  EXPECT_EQ(compare({"F1", 7}, {"F1", 8}), IdentityChange::kNone);
  EXPECT_EQ(compare({"F1", 7}, {"F2", 7}), IdentityChange::kAnother);
  EXPECT_EQ(compare({"", 7}, {"", 7}), IdentityChange::kNone);
  EXPECT_EQ(compare({"", 7}, {"", 8}), IdentityChange::kRenumbered);
  EXPECT_EQ(compare({"F1", 7}, {"", 8}), IdentityChange::kRenumbered);
  EXPECT_EQ(compare({"", 7}, {"F2", 7}), IdentityChange::kNone) << "the server learned to tell";
  EXPECT_EQ(compare({"", 0}, {"", 8}), IdentityChange::kNone) << "nothing is known of before";
}

class StrangerTest : public testing::Test {
 protected:
  static void use_only_alice(programs::Installation& mailstow) {
    mailstow.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow.save();
    mailstow.backupd({"init"});
  }

  void deliver(const servers::Server& server) {
    const std::vector<servers::Delivery> letters = {{mail_.text(2'000)}};
    server.client("alice").append("INBOX", letters);
  }

  // The kinds of its alarms.
  static std::vector<std::string> alarms(const programs::Installation& mailstow) {
    const json status = mailstow.backupd_json({"status"});
    std::vector<std::string> kinds;
    for (const json& alarm : status["accounts"][0]["alarms"]) kinds.push_back(alarm["kind"]);
    return kinds;
  }

  servers::MailGenerator mail_{31};
};

TEST_F(StrangerTest, OnCyrusNothingOfAnotherMailboxIsBackedUpUntilItIsAcknowledged) {
  servers::Cyrus server;
  programs::Installation mailstow(server);
  use_only_alice(mailstow);
  deliver(server);
  deliver(server);
  EXPECT_EQ(mailstow.backupd({"once"}).status, 0);

  // Alice leaves; her name is given to somebody else.
  const std::string mailbox = server.admin_name("alice");
  auto admin = server.client(servers::Cyrus::quota_admin());
  admin.command("SETACL " + mailbox + " " + servers::Cyrus::quota_admin() + " lrswipkxtecda");
  admin.command("DELETE " + mailbox);
  admin.command("CREATE " + mailbox);
  deliver(server);

  const json refused = mailstow.backupd_json({"once"}, 1)["accounts"][0];
  EXPECT_THAT(refused["error"].get<std::string>(), HasSubstr("another mailbox under this name"));
  EXPECT_THAT(refused["alarms"].dump(), HasSubstr("its INBOX is another one"));
  EXPECT_EQ(mailstow.restore_json({"snapshots", "alice"})["snapshots"].size(), 1U);
  EXPECT_THAT(alarms(mailstow), testing::ElementsAre("stranger"));
  // Nor does the new owner get the old one's mail.
  const auto restore = mailstow.restore({"run", "alice"});
  EXPECT_EQ(restore.status, 1);
  EXPECT_THAT(restore.err, HasSubstr("another mailbox"));
  EXPECT_EQ(servers::account_state(server, "alice").message_count(), 1U);
  EXPECT_EQ(mailstow.restore({"run", "alice", "--to", "alice", "--dry-run"}).status, 0);

  EXPECT_EQ(mailstow.backupd({"acknowledge", "alice"}).status, 0);
  EXPECT_EQ(mailstow.backupd_json({"once"})["accounts"][0]["messages"], 1);
  EXPECT_THAT(alarms(mailstow), testing::IsEmpty());
  EXPECT_EQ(mailstow.restore({"run", "alice", "--dry-run"}).status, 0);
  EXPECT_EQ(mailstow.backupd({"acknowledge", "alice"}).status, 1) << "nothing waits for it";
}

TEST_F(StrangerTest, OnDovecotItIsToldAndTheBackupGoesOn) {
  servers::Dovecot server;
  programs::Installation mailstow(server);
  use_only_alice(mailstow);
  deliver(server);
  EXPECT_EQ(mailstow.backupd({"once"}).status, 0);
  server.stop();
  std::filesystem::remove_all(server.maildir("alice").path_of("INBOX"));
  // Dovecot's UIDVALIDITY is the second in which a folder is made.
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  server.start();
  deliver(server);
  const json report = mailstow.backupd_json({"once"})["accounts"][0];
  EXPECT_EQ(report["messages"], 1);
  EXPECT_THAT(report["alarms"].dump(), HasSubstr("UIDVALIDITY"));
  EXPECT_EQ(mailstow.backupd({"once"}).status, 0);
  EXPECT_THAT(alarms(mailstow), testing::ElementsAre("stranger")) << "until somebody looked at it";
  EXPECT_THAT(mailstow.backupd({"acknowledge", "alice"}).out, HasSubstr("the same person's"));
  EXPECT_THAT(alarms(mailstow), testing::IsEmpty());
}

}  // namespace
}  // namespace backupd
