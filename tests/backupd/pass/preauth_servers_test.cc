// Backups of Courier and GNU imap4d, compared by an independent client.
#include <gmock/gmock.h>

#include "tests/backupd/pass/pass_runner.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/courier.h"
#include "tests/servers/imap4d.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using testing::IsEmpty;

void expect_complete(const AccountReport& report) {
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(report.error, "");
  EXPECT_THAT(report.troubles, IsEmpty());
  EXPECT_THAT(report.skipped, IsEmpty());
}

// Two backups are complete and exact, and the second one fetches nothing.
void expect_two_exact_backups(PassRunner& runner) {
  expect_complete(runner.run());
  runner.expect_exact();
  const AccountReport second = runner.run();
  expect_complete(second);
  EXPECT_EQ(second.fetched_messages, 0U);
  runner.expect_exact();
}

TEST(CourierBackupTest, IsExactTwice) {
  const servers::Courier server;
  servers::fill_account(server, "alice", 60);
  PassRunner runner(server, "alice");
  expect_two_exact_backups(runner);
  EXPECT_EQ(runner.snapshot().messages, 60U);
}

TEST(CourierBackupTest, AnEmptyAccountIsExactTwice) {
  const servers::Courier server;
  PassRunner runner(server, "bob");
  for (int night = 0; night < 2; ++night) expect_complete(runner.run());
  EXPECT_EQ(runner.snapshot().messages, 0U);
}

TEST(Imap4dBackupTest, IsExactTwice) {
  const servers::Imap4d server(servers::MailFormat::kMbox);
  servers::MailGenerator mail(7);
  auto alice = server.client("alice");
  alice.command("CREATE Archive/2023");
  for (const char* folder : {"INBOX", "Archive/2023"}) {
    alice.append(folder, std::vector<servers::Delivery>{{mail.plain()}, {mail.attachment(5'000)}});
    alice.command(std::string("SELECT ") + folder);
  }
  alice.command("LOGOUT");
  servers::account_state(server, "alice");  // from now on its messages stay as they are
  PassRunner runner(server, "alice");
  expect_two_exact_backups(runner);
  EXPECT_EQ(runner.snapshot().messages, 4U);
}

TEST(Imap4dBackupTest, DatesThatAreAlwaysNowFetchNothingAgain) {
  const servers::Imap4d server(servers::MailFormat::kMaildir);
  servers::MailGenerator mail(7);
  auto alice = server.client("alice");
  alice.command("CREATE Work");
  alice.append("Work", std::vector<servers::Delivery>(12, {mail.plain()}));
  alice.command("SELECT Work");
  alice.command("LOGOUT");
  PassRunner runner(server, "alice");
  expect_complete(runner.run());
  const AccountReport second = runner.run();
  expect_complete(second);
  EXPECT_LE(second.fetched_messages, 1U);
  EXPECT_EQ(runner.snapshot().messages, 12U);
  EXPECT_EQ(runner.snapshot().vanished, 0U);
}

}  // namespace
}  // namespace backupd
