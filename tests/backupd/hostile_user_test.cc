// An ordinary user of a real server who fills a mailbox with as much of everything as the server
// accepts: METADATA, folders, keywords, long names. Everybody else is backed up, the store is
// sound, and can be pruned. Tens of megabytes and thousands of folders with MAILSTOW_TEST_LONG.
#include <filesystem>

#include <gmock/gmock.h>

#include "store/format/limits.h"
#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;

int folder_count() {
  return tests::is_long_run() ? 5'000 : 80;
}

std::vector<std::string> many_keywords(int count) {
  std::vector<std::string> flags;
  for (int number = 1; number <= count; ++number) {
    flags.push_back("keyword_that_is_rather_long_" + std::to_string(number));
  }
  return flags;
}

void set_metadata(servers::ImapClient& client, const std::string& folder, const std::string& entry,
                  std::size_t size) {
  client.command("SETMETADATA " + servers::quote(folder) + " (" + entry + " {" +
                 std::to_string(size) + "+}\r\n" + std::string(size, 'v') + ")");
}

// Gives bob what any server accepts. The other user, alice, has two messages.
void fill_both(servers::Server& server, int keyword_count) {
  servers::MailGenerator mail(31);
  server.client("alice").append("INBOX",
                                std::vector<servers::Delivery>{{mail.plain()}, {mail.plain()}});
  servers::ImapClient bob = server.client("bob");
  std::vector<servers::Delivery> letters;
  for (int letter = 0; letter < 3; ++letter) {
    letters.push_back({mail.plain(), many_keywords(keyword_count)});
  }
  bob.append("INBOX", letters);
  for (int number = 1; number <= folder_count(); ++number) {
    bob.command("CREATE f" + std::to_string(number));
  }
  bob.command("CREATE " + std::string(200, 'n'));
}

void expect_no_harm(programs::Installation& mailstow) {
  mailstow.make_store();
  for (int night = 0; night < 2; ++night) {
    const servers::ProcessResult once = mailstow.backupd({"-q", "once", "--json"});
    EXPECT_THAT(once.status, testing::AnyOf(0, 3)) << once.err.substr(0, 4'000);
    const json report = json::parse(once.out, nullptr, false);
    EXPECT_EQ(find_by(report["accounts"], "account", "alice")["status"], "complete");
    EXPECT_EQ(find_by(report["accounts"], "account", "bob")["messages"], 3);
    EXPECT_EQ(find_by(report["accounts"], "account", "bob")["skipped"], json::array());
    EXPECT_EQ(mailstow.backupd({"check", "--read-data"}).status, 0);
    EXPECT_EQ(mailstow.backupd({"prune"}).status, 0);
  }
  std::filesystem::remove_all(mailstow.index());
  EXPECT_EQ(mailstow.backupd({"reindex"}).status, 0);
  EXPECT_EQ(mailstow.backupd({"check", "--read-data"}).status, 0);
  EXPECT_EQ(mailstow.restore_json({"messages", "alice", "INBOX"})["messages"].size(), 2U);
  EXPECT_EQ(mailstow.restore_json({"messages", "bob", "INBOX"})["messages"].size(), 3U);
}

TEST(HostileUserTest, OnDovecot) {
  servers::DovecotOptions options;
  options.extra = "imap_metadata = yes\nmail_attribute_dict = file:%h/attributes\n";
  servers::Dovecot server(options);
  fill_both(server, 300);
  servers::ImapClient bob = server.client("bob");
  const int megabytes = tests::is_long_run() ? 40 : 4;
  for (int number = 1; number <= megabytes; ++number) {
    set_metadata(bob, "INBOX", "/private/vendor/x/k" + std::to_string(number), 1'000'000);
  }
  for (const std::size_t size : {store::kMaxMetadataValue, store::kMaxMetadataValue + 1}) {
    set_metadata(bob, "f1", "/private/vendor/x/" + std::to_string(size), size);
  }
  programs::Installation mailstow(server);
  expect_no_harm(mailstow);
}

TEST(HostileUserTest, OnCyrus) {
  servers::Cyrus server;
  fill_both(server, 100);
  servers::ImapClient bob = server.client("bob");
  const int commented = tests::is_long_run() ? 400 : 30;
  for (int number = 1; number <= commented; ++number) {
    set_metadata(bob, "f" + std::to_string(number), "/private/comment", 100'000);
  }
  programs::Installation mailstow(server);
  expect_no_harm(mailstow);
}

}  // namespace
}  // namespace backupd
