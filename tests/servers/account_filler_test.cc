#include "tests/servers/account_filler.h"

#include <gmock/gmock.h>

#include "tests/servers/account_state.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace servers {
namespace {

TEST(AccountFiller, FillsNestedFoldersWithForeignNames) {
  const Dovecot server;
  const std::map<std::string, std::size_t> counts = fill_account(server, "alice", 200);
  const AccountState state = account_state(server, "alice");
  EXPECT_EQ(200U, state.message_count());
  for (const auto& [folder, count] : counts) {
    EXPECT_EQ(count, state.folders.at(folder).messages.size()) << folder;
  }
  EXPECT_EQ(counts.size(), state.subscriptions.size());
  EXPECT_EQ("日本語/未読", state.folders.at("&ZeVnLIqe-/&ZyqKrQ-").name);
}

TEST(AccountFiller, FillsWithAnySeparator) {
  DovecotOptions options;
  options.separator = '.';
  const Dovecot server(options);
  const std::map<std::string, std::size_t> counts = fill_account(server, "alice", 30);
  EXPECT_EQ(1U, counts.count("Archive.2023"));
  EXPECT_EQ(30U, account_state(server, "alice").message_count());
}

TEST(AccountFiller, FillsCyrusInBothNameStyles) {
  for (const NameStyle style : {NameStyle::kBesideInbox, NameStyle::kBelowInbox}) {
    CyrusOptions options;
    options.names = style;
    options.header_bytes = HeaderBytes::kKept;
    const Cyrus cyrus(options);
    const Dovecot dovecot;
    fill_account(cyrus, "alice", 100);
    fill_account(dovecot, "alice", 100);
    const AccountState on_cyrus = account_state(cyrus, "alice");
    const AccountState on_dovecot = account_state(dovecot, "alice");
    EXPECT_EQ(100U, on_cyrus.message_count());
    EXPECT_EQ(on_dovecot.folders.at("INBOX").digest, on_cyrus.folders.at("INBOX").digest);
    EXPECT_EQ(on_dovecot.folders.at("INBOX").messages, on_cyrus.folders.at("INBOX").messages);
  }
}

TEST(AccountFiller, GivesTheSameMailForTheSameSeed) {
  const Dovecot server;
  fill_account(server, "alice", 60, 5);
  fill_account(server, "bob", 60, 5);
  const AccountState alice = account_state(server, "alice");
  const AccountState bob = account_state(server, "bob");
  for (const auto& [name, folder] : alice.folders) {
    EXPECT_EQ(folder.messages, bob.folders.at(name).messages) << name;
  }
}

// The guarantee of MailGenerator::any(): without it, every restore test would need exceptions.
TEST(AccountFiller, FillsWithMailThatDovecotStoresUnchanged) {
  const Dovecot server;
  MailGenerator generator(11);
  std::vector<Delivery> messages;
  messages.reserve(200);
  for (int i = 0; i < 200; ++i) messages.push_back(generator.delivery());
  server.client("alice").append("INBOX", messages);
  Maildir maildir = server.maildir("bob");
  for (const Delivery& message : messages) maildir.deliver("INBOX", message);
  EXPECT_EQ(account_state(server, "alice").folders.at("INBOX").messages,
            account_state(server, "bob").folders.at("INBOX").messages);
}

}  // namespace
}  // namespace servers
