// Further connections to one account, counted at a relay in front of a real server.
#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/maildir.h"
#include "tests/servers/relay.h"

namespace backupd {
namespace {

using programs::json;

constexpr int kFolders = 2;
constexpr int kInEach = 1'000;  // messages: enough for a second connection

class SpareSessionsTest : public testing::Test {
 protected:
  SpareSessionsTest() {
    servers::MailGenerator mail(5);
    auto maildir = server_.maildir("alice");
    for (int folder = 0; folder < kFolders; ++folder) {
      const std::string name = "Many " + std::to_string(folder);
      for (int message = 0; message < kInEach; ++message) maildir.deliver(name, {mail.tiny()});
    }
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.make_store();
  }

  void expect_backup(const servers::Relay& relay, unsigned connections_per_account) {
    auto& server = mailstow_.config()["servers"]["main"];
    server["url"] = relay.url();
    server["tls"] = "none";
    server["connections_per_account"] = connections_per_account;
    mailstow_.save();
    const json account = mailstow_.backupd_json({"once"})["accounts"][0];
    EXPECT_EQ(account["status"], "complete");
    EXPECT_EQ(account["new_messages"], kFolders * kInEach);
    EXPECT_EQ(account["fetched_messages"], kFolders * kInEach);
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(SpareSessionsTest, AreKeptFromFolderToFolder) {
  const servers::Relay relay(server_);
  expect_backup(relay, 2);
  EXPECT_EQ(relay.connections(), 2U);
}

TEST_F(SpareSessionsTest, AreNeverMoreThanConfigured) {
  const servers::Relay relay(server_);
  expect_backup(relay, 1);
  EXPECT_EQ(relay.connections(), 1U);
}

TEST_F(SpareSessionsTest, AreDispensableIfTheServerAcceptsOnlyOne) {
  const servers::Relay relay(server_,
                             {.cut = [](unsigned connection) -> std::optional<std::uint64_t> {
                               if (connection == 0) return std::nullopt;
                               return 0;
                             }});
  expect_backup(relay, 2);
  EXPECT_EQ(relay.connections(), 1U + kFolders) << "each folder tries again";
}

class ManySmallFoldersTest : public testing::Test {
 protected:
  ManySmallFoldersTest() {
    auto maildir = server_.maildir("alice");
    for (int folder = 0; folder < kSmallFoldersOfAlice; ++folder) {
      maildir.deliver(fmt::format("Small {:03}", folder),
                      {.bytes = fmt::format("Subject: {}\r\n\r\n", folder)});
    }
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.make_store();
  }

  void expect_backup(const servers::Relay& relay) {
    auto& server = mailstow_.config()["servers"]["main"];
    server["url"] = relay.url();
    server["tls"] = "none";
    mailstow_.save();
    const json account = mailstow_.backupd_json({"once"})["accounts"][0];
    EXPECT_EQ(account["status"], "complete") << account.dump(2);
    EXPECT_EQ(account["new_messages"], kSmallFoldersOfAlice);
    programs::expect_receipts(account, servers::account_state(server_, "alice"));
    EXPECT_EQ(relay.connections(), 2U);
  }

  static constexpr int kSmallFoldersOfAlice = 560;

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(ManySmallFoldersTest, AreReadOverTwoConnections) {
  const servers::Relay relay(server_);
  expect_backup(relay);
}

TEST_F(ManySmallFoldersTest, AreAllReadIfTheSecondConnectionIsLost) {
  static constexpr std::uint64_t kSome = 40'000;  // bytes; the answers about a folder have 700
  const servers::Relay relay(server_,
                             {.cut = [](unsigned connection) -> std::optional<std::uint64_t> {
                               if (connection == 0) return std::nullopt;
                               return kSome;
                             }});
  expect_backup(relay);
}

}  // namespace
}  // namespace backupd
