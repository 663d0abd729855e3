// Restoring on Courier: everything is below INBOX, and a quota root has no limits.
#include "tests/servers/courier.h"

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/restore/expect_restored.h"
#include "tests/servers/account_state.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::json;
using servers::AccountState;

class CourierRestoreTest : public testing::Test {
 protected:
  CourierRestoreTest() {
    servers::MailGenerator mail(5);
    auto alice = server_.client("alice");
    alice.command("CREATE INBOX.Work");
    alice.command("SUBSCRIBE INBOX.Work");
    for (const char* folder : {"INBOX", "INBOX.Work"}) {
      alice.append(folder, std::vector<servers::Delivery>{mail.delivery(), mail.delivery()});
    }
    before_ = servers::account_state(server_, "alice");
    mailstow_.make_store();
    for (int night = 0; night < 2; ++night) {
      const json report = mailstow_.backupd_json({"once"});
      EXPECT_EQ(report["status"], "complete") << report;
    }
  }

  servers::Courier server_;
  programs::Installation mailstow_{server_, {"alice", "bob"}};
  AccountState before_;
};

// One folder: Courier takes two seconds for each that the sweep deletes.
TEST_F(CourierRestoreTest, RestoresAndSweepsTheCompleteTree) {
  const json report =
      mailstow_.restore_json({"run", "alice", "--folder", "Work", "--expire-after", "1s"});
  const AccountState now = servers::account_state(server_, "alice");
  expect_restored(before_, now, report);
  EXPECT_EQ(now.not_below("INBOX.RESTORED", '.'), before_.folders);
  const json swept = mailstow_.restore_json({"sweep"});
  EXPECT_EQ(swept["trees"][0]["finished"], true) << swept;
  EXPECT_EQ(servers::account_state(server_, "alice").folders, before_.folders);
}

TEST_F(CourierRestoreTest, EverythingIsInPlaceInAnotherAccount) {
  const json report =
      mailstow_.restore_json({"run", "alice", "--all", "--to", "bob", "--in-place"});
  const AccountState now = servers::account_state(server_, "bob");
  expect_restored(before_, now, report);
  EXPECT_EQ(now.message_count(), 4U);
  EXPECT_THAT(now.subscriptions, testing::Contains("INBOX.Work"));
  EXPECT_EQ(servers::account_state(server_, "alice"), before_);
}

}  // namespace
}  // namespace restore
