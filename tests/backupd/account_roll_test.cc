// Accounts that the configuration does not list: found by a command, a file, or an admin's LIST.
#include "backupd/account_roll.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using programs::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names_in(const json& report) {
  std::vector<std::string> names;
  for (const json& account : report.at("accounts")) names.push_back(account.at("account"));
  return names;
}

class AccountRollTest : public testing::Test {
 protected:
  AccountRollTest() {
    servers::MailGenerator mail(1);
    for (const char* user : {"alice", "bob"}) {
      server_.maildir(user).deliver("INBOX", {mail.text(1'000)});
    }
    mailstow_.config().erase("accounts");
    mailstow_.config()["servers"]["main"]["discover"] = {{"command", {"cat", users_.string()}}};
    mailstow_.save();
    say({"alice", "bob"});
    mailstow_.make_store();
  }

  void say(const std::vector<std::string>& users) {
    std::ofstream file(users_);
    for (const std::string& user : users) file << user << '\n';
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  base::Path users_ = mailstow_.directory() / "users";
};

TEST_F(AccountRollTest, DiscoveredAccountsAreBackedUpAndRestored) {
  EXPECT_THAT(names_in(mailstow_.backupd_json({"once"})), ElementsAre("alice", "bob"));
  const json restored = mailstow_.restore_json({"run", "bob", "--all", "--expire-after", "1s"});
  EXPECT_EQ(restored["folders"][0]["restored"], 1);
  EXPECT_EQ(mailstow_.restore_json({"sweep"})["trees"][0]["finished"], true);
  const json status = mailstow_.backupd_json({"status"});
  for (const json& account : status["accounts"]) {
    EXPECT_EQ(account["configured"], true);
  }
}

TEST_F(AccountRollTest, WithoutTheIndexAccountsAreDiscoveredAgain) {
  mailstow_.backupd_json({"once"});
  std::filesystem::remove_all(mailstow_.index());
  mailstow_.backupd({"reindex"});
  EXPECT_EQ(mailstow_.restore_json({"run", "bob", "--all"})["folders"][0]["restored"], 1);
}

TEST_F(AccountRollTest, VanishedAccountsAreKeptAndReported) {
  mailstow_.backupd_json({"once"});
  say({"alice"});
  const json report = mailstow_.backupd_json({"once"});
  EXPECT_THAT(names_in(report), ElementsAre("alice"));
  EXPECT_EQ(report["vanished"], json::array({"bob"}));
  mailstow_.backupd_json({"prune"});
  EXPECT_FALSE(mailstow_.restore_json({"snapshots", "bob"})["snapshots"].empty());
  EXPECT_EQ(mailstow_.backupd_json({"once", "--account", "alice"})["vanished"], json::array());
}

TEST_F(AccountRollTest, IfDiscoveryFailsTheAccountsOfLastTimeAreBackedUp) {
  mailstow_.backupd_json({"once"});
  std::filesystem::remove(users_);
  const json report = mailstow_.backupd_json({"once"}, 3);
  EXPECT_THAT(names_in(report), ElementsAre("alice", "bob"));
  EXPECT_THAT(report["troubles"][0].get<std::string>(),
              HasSubstr("what was found last time is backed up instead: 2 accounts"));
  EXPECT_EQ(report["vanished"], json::array()) << "it can't be known";
}

TEST_F(AccountRollTest, NothingIsDoneIfNoAccountWasEverFound) {
  std::filesystem::remove(users_);
  EXPECT_EQ(mailstow_.backupd({"-q", "once"}).status, 1);
}

TEST_F(AccountRollTest, AListedAccountMayHaveSettingsOfItsOwn) {
  mailstow_.config()["accounts"] = {
      {{"name", "robert"}, {"server", "main"}, {"user", "bob"}, {"retention", {{"daily", 1}}}}};
  mailstow_.save();
  EXPECT_THAT(names_in(mailstow_.backupd_json({"once"})), ElementsAre("robert", "alice"));
}

TEST_F(AccountRollTest, DiscoveryNeedsAnAdmin) {
  json& server = mailstow_.config()["servers"]["main"];
  server.erase("admin");
  mailstow_.save();
  const auto result = mailstow_.backupd({"once"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("/servers/main/discover"));
}

class CyrusRollTest : public testing::TestWithParam<servers::NameStyle> {};

TEST_P(CyrusRollTest, TheAdministratorListsTheUsers) {
  servers::CyrusOptions options;
  options.names = GetParam();
  // Dots in a user's name need the style in which they do not separate levels of the hierarchy.
  const std::string other = GetParam() == servers::NameStyle::kBesideInbox ? "j.doe" : "jane";
  options.users = {"alice", other};
  servers::Cyrus server(options);
  programs::Installation mailstow(server);
  mailstow.config().erase("accounts");
  json& main = mailstow.config()["servers"]["main"];
  main["quota_admin"] = {
      {"user", servers::Cyrus::quota_admin()},
      {"password_file", server.password_file(servers::Cyrus::quota_admin()).string()}};
  main["discover"] = {{"list", true}, {"exclude", {servers::Server::admin()}}};
  mailstow.save();
  mailstow.make_store();
  EXPECT_THAT(names_in(mailstow.backupd_json({"once"})), ElementsAre("alice", other));
  EXPECT_EQ(mailstow.restore_json({"run", other, "--all"})["quota"]["exempt"], true);
  main["discover"]["include"] = {"a*"};
  mailstow.save();
  EXPECT_THAT(names_in(mailstow.backupd_json({"once"})), ElementsAre("alice"));
}

INSTANTIATE_TEST_SUITE_P(Styles, CyrusRollTest,
                         testing::Values(servers::NameStyle::kBesideInbox,
                                         servers::NameStyle::kBelowInbox));

}  // namespace
}  // namespace backupd
