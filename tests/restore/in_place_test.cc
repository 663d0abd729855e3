// `run --to ACCOUNT --in-place`: an account is restored to another one, under its own folder names.
#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/restore/expect_restored.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using servers::AccountState;
using testing::HasSubstr;

const std::vector<std::string> kRun = {"run", "alice", "--all", "--to", "bob", "--in-place"};

class InPlaceTest : public testing::Test {
 protected:
  InPlaceTest() { mailstow_.make_store(); }

  void fill() {
    servers::fill_account(server_, "alice", 80);
    server_.client("alice").command("SUBSCRIBE INBOX");
    before_ = servers::account_state(server_, "alice");
    mailstow_.backupd_json({"once", "--account", "alice"});
  }

  AccountState bob() { return servers::account_state(server_, "bob"); }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  AccountState before_;
};

TEST_F(InPlaceTest, EverythingIsWhereItWas) {
  fill();
  const json report = mailstow_.restore_json(kRun);
  EXPECT_TRUE(report["tree"].is_null());
  EXPECT_TRUE(report["expires"].is_null());
  const AccountState now = bob();
  expect_restored(before_, now, report);
  EXPECT_EQ(now.message_count(), before_.message_count());
  EXPECT_EQ(now.subscriptions, before_.subscriptions);
  for (const auto& [raw_name, folder] : before_.folders) {
    if (!folder.is_selectable) continue;
    EXPECT_EQ(now.folders.count(raw_name), 1U) << raw_name;
  }
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"], json::array()) << "nothing expires";
  EXPECT_EQ(servers::account_state(server_, "alice"), before_);
}

TEST_F(InPlaceTest, AnAccountThatHoldsAMessageIsLeftUnchanged) {
  fill();
  auto bob_client = server_.client("bob");
  servers::MailGenerator mail(2);
  bob_client.append("INBOX", std::vector<servers::Delivery>{{mail.plain()}});
  const AccountState as_it_was = bob();
  const auto result =
      mailstow_.restore({"-q", "run", "alice", "--all", "--to", "bob", "--in-place"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("INBOX holds a message that this restore did not put there"));
  EXPECT_EQ(bob(), as_it_was);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--all", "--in-place"}).status, 2)
      << "only with --to";
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--all", "--to", "alice", "--in-place"}).status, 0)
      << "all that is there is what would be restored";
  EXPECT_EQ(servers::account_state(server_, "alice").message_count(), before_.message_count());
}

TEST_F(InPlaceTest, DoesNotDuplicateMessagesOfAKilledRun) {
  fill();
  mailstow_.restore_json(kRun);
  auto bob_client = server_.client("bob");
  bob_client.command("SELECT INBOX");
  bob_client.try_command("STORE 1:3 +FLAGS.SILENT \\Deleted");
  bob_client.command("EXPUNGE");
  bob_client.command("UNSUBSCRIBE INBOX");
  // There is room for all of it once, but not twice.
  servers::DovecotOptions options = server_.options();
  options.quota_kib = bob().usage.at("STORAGE") + 60;
  server_.restart(options);
  const json report = mailstow_.restore_json(kRun);
  const AccountState now = bob();
  expect_restored(before_, now, report);
  EXPECT_EQ(now.subscriptions, before_.subscriptions);
}

TEST_F(InPlaceTest, RefusesARestoreAboveTheQuotaBeforeAnyChange) {
  servers::DovecotOptions options = server_.options();
  fill();
  options.quota_kib = 10;
  server_.restart(options);
  const AccountState as_it_was = bob();
  const auto result =
      mailstow_.restore({"-q", "run", "alice", "--all", "--to", "bob", "--in-place"});
  EXPECT_EQ(result.status, 6) << result.err;
  EXPECT_EQ(bob().folders, as_it_was.folders);
}

TEST(InPlaceOnCyrusTest, SpecialUseSubscriptionsAndRightsComeBack) {
  servers::CyrusOptions options;
  options.header_bytes = servers::HeaderBytes::kKept;
  const servers::Cyrus server(options);
  programs::Installation mailstow(server);
  mailstow.make_store();
  auto alice = server.client("alice");
  alice.command("CREATE Sent (USE (\\Sent))");
  alice.command("CREATE Team");
  alice.command("SETACL Team bob lrs");
  alice.command("SETACL Team anyone l");
  alice.command("SUBSCRIBE Team");
  servers::fill_account(server, "alice", 40);
  const AccountState before = servers::account_state(server, "alice");
  mailstow.backupd_json({"once", "--account", "alice"});

  const json report = mailstow.restore_json(kRun);
  const AccountState now = servers::account_state(server, "bob");
  expect_restored(before, now, report);
  EXPECT_EQ(now.subscriptions, before.subscriptions);
  auto bob = server.client("bob");
  EXPECT_THAT(bob.command("LIST \"\" Sent RETURN (SPECIAL-USE)"), HasSubstr("\\Sent"));
  const std::string rights = bob.command("GETACL Team");
  EXPECT_THAT(rights, HasSubstr("anyone l"));
  EXPECT_EQ(report["notes"], json::array()) << report["notes"];
}

// Cyrus replaces 8-bit bytes in headers with X unless it is configured not to.
TEST(InPlaceOnCyrusTest, RecognizesMessagesThatTheServerAltered) {
  servers::CyrusOptions options;
  options.header_bytes = servers::HeaderBytes::kKept;
  const servers::Cyrus old_server(options);
  programs::Installation mailstow(old_server);
  mailstow.make_store();
  servers::MailGenerator mail(8);
  auto alice = old_server.client("alice");
  alice.append("INBOX", std::vector<servers::Delivery>{{mail.eight_bit_header()}, {mail.plain()}});
  mailstow.backupd_json({"once", "--account", "alice"});

  const servers::Cyrus new_server;
  mailstow.config()["servers"]["main"]["url"] = new_server.imap_url();
  mailstow.config()["servers"]["main"]["ca_file"] = new_server.ca_file().string();
  mailstow.save();
  const json report = mailstow.restore_json(kRun);
  ASSERT_EQ(report["folders"][0]["altered"].size(), 1U) << report;
  EXPECT_THAT(report["folders"][0]["altered"][0]["how"].get<std::string>(), HasSubstr("became X"));
  EXPECT_EQ(mailstow.restore_json(kRun)["folders"], report["folders"]);
  EXPECT_EQ(servers::account_state(new_server, "bob").message_count(), 2U);
}

}  // namespace
}  // namespace restore
