// Many accounts on one server.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;

std::vector<std::string> many_users() {
  const int count = std::getenv("MAILSTOW_TEST_LONG") != nullptr ? 1000 : 40;
  std::vector<std::string> users;
  for (int number = 0; number < count; ++number) users.push_back("user" + std::to_string(number));
  return users;
}

servers::DovecotOptions options_for(const std::vector<std::string>& users) {
  servers::DovecotOptions options;
  options.users = users;
  return options;
}

class ManyAccountsTest : public testing::Test {
 protected:
  ManyAccountsTest() {
    servers::MailGenerator mail(11);
    json accounts = json::array();
    for (const std::string& user : users_) {
      auto maildir = server_.maildir(user);
      maildir.deliver("INBOX", {mail.text(2'000)});
      maildir.deliver("Sent", {mail.text(2'000)});
      accounts.push_back({{"name", user}, {"server", "main"}});
    }
    mailstow_.config()["accounts"] = accounts;
    mailstow_.config()["servers"]["main"]["connections"] = 8;
    mailstow_.save();
    mailstow_.backupd({"init"});
  }

  json once(const char* what, int status = 0) {
    const auto start = std::chrono::steady_clock::now();
    json report = mailstow_.backupd_json({"-q", "once"}, status);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    RecordProperty(what, std::to_string(time.count()) + " s");
    return report;
  }

  std::vector<std::string> users_ = many_users();
  servers::Dovecot server_{options_for(users_)};
  programs::Installation mailstow_{server_};
};

TEST_F(ManyAccountsTest, AreReportedInTheOrderOfTheConfiguration) {
  const json first = once("first_run");
  ASSERT_EQ(first["accounts"].size(), users_.size());
  for (std::size_t at = 0; at < users_.size(); ++at) {
    const json& account = first["accounts"][at];
    EXPECT_EQ(account["account"], users_[at]);
    EXPECT_EQ(account["status"], "complete");
    EXPECT_EQ(account["messages"], 2);
  }

  const json second = once("nothing_changed");
  for (std::size_t at = 0; at < users_.size(); ++at) {
    EXPECT_EQ(second["accounts"][at]["fetched_bytes"], 0);
    EXPECT_EQ(second["accounts"][at]["receipts"], first["accounts"][at]["receipts"]);
  }
  const auto state = servers::account_state(server_, users_.back());
  EXPECT_EQ(find_by(second["accounts"].back()["receipts"], "folder", "Sent")["digest"],
            state.folders.at("Sent").digest);
}

TEST_F(ManyAccountsTest, OneWithAWrongPasswordChangesNothingForTheOthers) {
  std::ofstream(mailstow_.folder() / "wrong") << "not-the-password\n";
  mailstow_.config()["accounts"][5]["password_file"] = (mailstow_.folder() / "wrong").string();
  mailstow_.save();
  const json report = once("one_wrong_password", 3);
  EXPECT_EQ(report["status"], "partial");
  for (std::size_t at = 0; at < users_.size(); ++at) {
    EXPECT_EQ(report["accounts"][at]["status"], at == 5 ? "failed" : "complete") << users_[at];
  }
}

}  // namespace
}  // namespace backupd
