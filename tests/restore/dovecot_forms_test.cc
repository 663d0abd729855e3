// Restoring on Dovecot in forms other than the default. With mbox: tests/restore/mbox_test.cc.
#include "tests/servers/dovecot_forms.h"

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/restore/expect_restored.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"

namespace restore {
namespace {

using programs::json;
using servers::AccountState;

class DovecotFormRestoreTest : public testing::TestWithParam<servers::DovecotForm> {};

TEST_P(DovecotFormRestoreTest, ATreeAndAnotherAccountHaveEverything) {
  const servers::Dovecot server(GetParam().options);
  const programs::Installation mailstow(server);
  servers::fill_account(server, "alice", 40);
  const AccountState before = servers::account_state(server, "alice");
  mailstow.backupd({"init"});
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

}  // namespace
}  // namespace restore
