#include "tests/servers/courier.h"

#include <gmock/gmock.h>

#include "tests/servers/account_state.h"

namespace servers {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(CourierTest, KeepsMailWithItsFlagsAndDatesBelowInbox) {
  const Courier server;
  ImapClient alice = server.client("alice");
  alice.command("CREATE INBOX.Work");
  const Delivery mail{"Subject: a\r\n\r\nb\r\n",
                      {"\\Seen", "$Label"},
                      std::chrono::sys_seconds{std::chrono::seconds{1'577'836'800}}};
  alice.append("INBOX.Work", std::vector<Delivery>{mail, mail});
  EXPECT_THAT(alice.command("EXAMINE INBOX.Work"), Not(HasSubstr("UIDNEXT")));
  const AccountState state = account_state(server, "alice");
  const FolderState& work = state.folders.at("INBOX.Work");
  EXPECT_EQ(work.name, "Work");
  ASSERT_EQ(work.messages.size(), 2U);
  EXPECT_THAT(work.messages[0].flags, testing::ElementsAre("$Label", "\\Seen"));
  EXPECT_EQ(work.messages[0].internal_date, 1'577'836'800);
  EXPECT_EQ(account_state(server, "bob").message_count(), 0U);
}

TEST(CourierTest, RefusesWrongPasswords) {
  const Courier server;
  ImapClient client(kPlainHost, server.plain_port());
  EXPECT_FALSE(client.try_command("LOGIN alice wrong").is_ok());
  EXPECT_FALSE(client.try_command("LIST \"\" *").is_ok());
}

}  // namespace
}  // namespace servers
