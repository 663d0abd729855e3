#include "tests/servers/imap4d.h"

#include <gmock/gmock.h>

#include "tests/servers/account_state.h"

namespace servers {
namespace {

class Imap4dTest : public testing::TestWithParam<MailFormat> {};

TEST_P(Imap4dTest, KeepsMailOfEachUserInFolders) {
  const Imap4d server(GetParam());
  ImapClient alice = server.client("alice");
  alice.command("CREATE Archive/2023");
  for (const char* folder : {"INBOX", "Archive/2023"}) {
    alice.append(folder, std::vector<Delivery>{{"Subject: a\r\n\r\nb\r\n"}});
    alice.command(std::string("SELECT ") + folder);
  }
  const AccountState state = account_state(server, "alice");
  EXPECT_EQ(state.folders.at("INBOX").messages.size(), 1U);
  EXPECT_EQ(state.folders.at("Archive/2023").messages.size(), 1U);
  EXPECT_FALSE(state.folders.at("Archive").is_selectable);
  EXPECT_EQ(account_state(server, "bob").message_count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Formats, Imap4dTest,
                         testing::Values(MailFormat::kMbox, MailFormat::kMaildir),
                         [](const auto& format) {
                           return format.param == MailFormat::kMbox ? "Mbox" : "Maildir";
                         });

}  // namespace
}  // namespace servers
