// Restoring on Dovecot in forms other than the default.
#include "tests/servers/dovecot_forms.h"

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/restore/expect_restored.h"
#include "tests/restore/run_fixture.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using servers::AccountState;

class DovecotFormRestoreTest : public testing::TestWithParam<servers::DovecotForm> {};

TEST_P(DovecotFormRestoreTest, ATreeAndAnotherAccountHaveEverything) {
  const servers::Dovecot server(GetParam().options);
  const programs::Installation mailstow(server);
  servers::fill_account(server, "alice", 40);
  const AccountState before = servers::account_state(server, "alice");
  mailstow.make_store();
  mailstow.backupd_json({"once"});

  const json tree = mailstow.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  const AccountState with_tree = servers::account_state(server, "alice");
  expect_restored(before, with_tree, tree);
  EXPECT_EQ(with_tree.not_below(server.personal_prefix() + "RESTORED", server.separator()),
            before.folders);
  EXPECT_EQ(mailstow.restore_json({"sweep"})["trees"][0]["finished"], true);
  EXPECT_EQ(servers::account_state(server, "alice").folders, before.folders);

  const json in_place =
      mailstow.restore_json({"run", "alice", "--all", "--to", "bob", "--in-place"});
  const AccountState bob = servers::account_state(server, "bob");
  expect_restored(before, bob, in_place);
  EXPECT_EQ(bob.message_count(), before.message_count());
}

INSTANTIATE_TEST_SUITE_P(Forms, DovecotFormRestoreTest,
                         testing::Values(servers::dovecot_with_fs_layout(),
                                         servers::dovecot_with_mdbox_below_inbox(),
                                         servers::dovecot_with_caret()),
                         [](const auto& form) { return std::string(form.param.name); });

// A server that keeps each folder in one file, and so allows no folders below one that can hold
// messages.
class MboxTest : public RunTest {
 protected:
  MboxTest() : RunTest(servers::dovecot_with_mbox().options) {
    mailstow_.config()["servers"]["main"]["quota"] = "none";
    mailstow_.save();
    servers::MailGenerator mail(3);
    auto alice = server_.client("alice");
    alice.command("CREATE Work/2023");
    for (const char* folder : {"INBOX", "Work/2023"}) {
      alice.append(folder, std::vector<servers::Delivery>{{mail.plain()}, {mail.plain()}});
    }
    back_up();
  }

  std::string listed() { return server_.client("alice").command("LIST \"\" RESTORED*"); }
};

TEST_F(MboxTest, ATreeIsMadeAndSweptWithEveryLevel) {
  const json first = mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  const json second = mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  for (const json& report : {first, second}) {
    for (const char* folder : {"INBOX", "Work/2023"}) {
      EXPECT_EQ(find_by(report["folders"], "source", folder)["restored"], 2) << report;
    }
  }
  EXPECT_THAT(listed(), testing::HasSubstr(second["tree"].get<std::string>() + "/Work/2023"));
  const json swept = mailstow_.restore_json({"sweep"});
  for (const json& tree : swept["trees"]) EXPECT_EQ(tree["finished"], true) << tree;
  EXPECT_EQ(listed(), "");
}

}  // namespace
}  // namespace restore
