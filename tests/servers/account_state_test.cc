#include "tests/servers/account_state.h"

#include <gmock/gmock.h>

#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/process.h"

namespace servers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr std::int64_t kLeapDay = 951'782'400;

Delivery letter() {
  return {"Subject: hello\r\n\r\nbody\r\n",
          {"\\Flagged", "$Label1", "\\Seen"},
          std::chrono::sys_seconds(std::chrono::seconds(kLeapDay))};
}

std::string sha256_of(const std::string& bytes) {
  return run_program({"sha256sum"}, bytes).out.substr(0, 64);
}

TEST(AccountState, ReportsEveryFolderWithEveryMessage) {
  const Dovecot server;
  ImapClient client = server.client("alice");
  client.command("CREATE Archive/2024");
  client.command("SUBSCRIBE Archive/2024");
  client.append("Archive/2024", std::vector<Delivery>{letter(), letter()});
  const AccountState state = account_state(server, "alice");

  ASSERT_EQ(3U, state.folders.size());
  EXPECT_FALSE(state.folders.at("Archive").is_selectable);
  EXPECT_THAT(state.subscriptions, ElementsAre("Archive/2024"));
  EXPECT_EQ(1U, state.usage.count("STORAGE"));
  const FolderState& folder = state.folders.at("Archive/2024");
  EXPECT_EQ(3U, folder.uid_next);
  EXPECT_NE(0U, folder.uid_validity);
  EXPECT_NE(0U, folder.highest_modseq);
  ASSERT_EQ(2U, folder.messages.size());
  EXPECT_THAT(folder.messages[0].flags, ElementsAre("$Label1", "\\Flagged", "\\Seen"));
  EXPECT_EQ(kLeapDay, folder.messages[0].internal_date);
  EXPECT_EQ(letter().bytes.size(), folder.messages[0].size);
  EXPECT_EQ(sha256_of(letter().bytes), folder.messages[0].sha256);
  EXPECT_EQ(2U, folder.messages[1].uid);
  EXPECT_TRUE(folder.messages[0].is_same_mail(folder.messages[1]));
}

TEST(AccountState, ComputesTheReceiptOfAFolder) {
  const Dovecot server;
  server.client("alice").append("INBOX", std::vector<Delivery>{letter(), {"\r\nother\r\n"}});
  const AccountState state = account_state(server, "alice");
  EXPECT_EQ(
      sha256_of("1 " + sha256_of(letter().bytes) + "\n2 " + sha256_of("\r\nother\r\n") + "\n"),
      state.folders.at("INBOX").digest);
}

TEST(AccountState, ReportsDecodedAndRawNames) {
  const Dovecot server;
  ImapClient client = server.client("alice");
  client.command("CREATE \"Entw&APw-rfe/100%\"");
  client.command("CREATE \"a \\\"quoted\\\" \\\\ one\"");
  const AccountState state = account_state(server, "alice");
  EXPECT_EQ("Entwürfe/100%25", state.folders.at("Entw&APw-rfe/100%").name);
  EXPECT_EQ("a \"quoted\" \\ one", state.folders.at("a \"quoted\" \\ one").name);
}

TEST(AccountState, IsEqualUntilSomethingChanges) {
  const Dovecot server;
  fill_account(server, "alice", 50);
  const AccountState before = account_state(server, "alice");
  const AccountState again = account_state(server, "alice");
  EXPECT_EQ(before, again);
  EXPECT_EQ("", describe_difference(before.folders, again.folders));
  ImapClient client = server.client("alice");
  client.command("SELECT INBOX");
  client.command("UID STORE 1 +FLAGS (changed)");
  const AccountState after = account_state(server, "alice");
  EXPECT_FALSE(before == after);
  EXPECT_THAT(describe_difference(before.folders, after.folders), HasSubstr("INBOX: expected"));
}

TEST(AccountState, CanBeRestrictedToPartOfTheAccount) {
  const Dovecot server;
  ImapClient client = server.client("alice");
  for (const char* name : {"A", "A/b", "Ab"}) client.command(std::string("CREATE ") + name);
  std::vector<std::string> names;
  for (const auto& [name, folder] : account_state(server, "alice", "A").folders) {
    names.push_back(name);
  }
  EXPECT_THAT(names, UnorderedElementsAre("A", "A/b"));
  const AccountState all = account_state(server, "alice");
  EXPECT_EQ(2U, all.below("A", '/').size());
  EXPECT_EQ(2U, all.not_below("A", '/').size());
}

}  // namespace
}  // namespace servers
