// Many accounts on one server: a dozen, or a thousand with MAILSTOW_TEST_LONG.
#include <atomic>
#include <chrono>
#include <fstream>
#include <string_view>
#include <thread>

#include <gmock/gmock.h>

#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/relay.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;

constexpr unsigned kConnections = 6;
constexpr std::size_t kStranger = 5;  // index of the user whose password is wrong, once

servers::DovecotOptions options() {
  servers::DovecotOptions options;
  options.users.clear();
  const int count = tests::is_long_run() ? 1000 : 12;
  for (int number = 0; number < count; ++number) {
    options.users.push_back("user" + std::to_string(number));
  }
  return options;
}

class ManyAccountsTest : public testing::Test {
 protected:
  ManyAccountsTest() {
    servers::MailGenerator mail(11);
    json accounts = json::array();
    for (const std::string& user : users()) {
      auto maildir = server_.maildir(user);
      maildir.deliver("INBOX", {mail.text(2'000)});
      maildir.deliver("Sent", {mail.text(2'000)});
      accounts.push_back({{"name", user}, {"server", "main"}});
    }
    // The last account still runs when no other waits, and has use for further connections.
    auto maildir = server_.maildir(users().back());
    for (int message = 0; message < kMuch; ++message) maildir.deliver("Much", {mail.tiny()});
    auto& config = mailstow_.config();
    config["accounts"] = accounts;
    config["servers"]["main"]["url"] = relay_.url();
    config["servers"]["main"]["tls"] = "none";
    config["servers"]["main"]["connections"] = kConnections;
    mailstow_.save();
    mailstow_.make_store();
  }

  const std::vector<std::string>& users() const { return server_.options().users; }

  // However slow some of them are: the first accounts wait until all connections are open, and the
  // last one until the other accounts have no connections left.
  bool watch(servers::From from, std::string_view bytes) {
    const auto has = [&](std::string_view word) { return bytes.find(word) != bytes.npos; };
    if (from == servers::From::kServer) {
      if (bytes.starts_with("* OK")) wait_for([&] { return relay_.connections() >= kConnections; });
      return true;
    }
    if (has("LOGOUT")) ++logouts_;
    if (has("EXAMINE") && has("Much")) {
      wait_for([&] { return logouts_ + 1 >= users().size(); });
      std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the end after the logout
    }
    return true;
  }

  template <typename Condition>
  static void wait_for(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  json once(const char* what, int status = 0) {
    const auto start = std::chrono::steady_clock::now();
    json report = mailstow_.backupd_json({"-q", "once"}, status);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    RecordProperty(what, std::to_string(took.count()) + " s");
    return report;
  }

  static constexpr int kMuch = 2'500;

  servers::Dovecot server_{options()};
  std::atomic<std::size_t> logouts_ = 0;
  servers::Relay relay_{server_, {.watch = [this](servers::From from, std::string_view bytes) {
                          return watch(from, bytes);
                        }}};
  programs::Installation mailstow_{server_};
};

TEST_F(ManyAccountsTest, ShareTheConnectionsOfTheirServer) {
  const json first = once("first_run");
  ASSERT_EQ(first["accounts"].size(), users().size());
  for (std::size_t at = 0; at < users().size(); ++at) {  // in the order of the configuration
    const json& account = first["accounts"][at];
    EXPECT_EQ(account["account"], users()[at]);
    EXPECT_EQ(account["status"], "complete");
    EXPECT_EQ(account["messages"], account["account"] == users().back() ? 2 + kMuch : 2);
  }
  EXPECT_GT(relay_.connections(), users().size()) << "the last account got further connections";
  EXPECT_EQ(relay_.most_connections(), kConnections);

  const unsigned before = relay_.connections();
  const json second = once("nothing_changed");
  for (std::size_t at = 0; at < users().size(); ++at) {
    EXPECT_EQ(second["accounts"][at]["fetched_bytes"], 0);
    EXPECT_EQ(second["accounts"][at]["receipts"], first["accounts"][at]["receipts"]);
  }
  EXPECT_EQ(relay_.connections() - before, users().size());
  EXPECT_EQ(relay_.most_connections(), kConnections);
  const auto state = servers::account_state(server_, users().back());
  for (const char* folder : {"Sent", "Much"}) {
    EXPECT_EQ(find_by(second["accounts"].back()["receipts"], "folder", folder)["digest"],
              state.folders.at(folder).digest);
  }

  std::ofstream(mailstow_.directory() / "wrong") << "not-the-password\n";
  mailstow_.config()["accounts"][kStranger]["password_file"] =
      (mailstow_.directory() / "wrong").string();
  mailstow_.save();
  servers::MailGenerator mail(17);
  for (const std::string& user : users()) server_.maildir(user).deliver("Sent", {mail.tiny()});
  const json third = once("one_wrong_password", 3);
  EXPECT_EQ(third["status"], "partial");
  for (std::size_t at = 0; at < users().size(); ++at) {
    const json& account = third["accounts"][at];
    const bool is_stranger = at == kStranger;
    EXPECT_EQ(account["status"], is_stranger ? "failed" : "complete") << users()[at];
    EXPECT_EQ(account["new_messages"], is_stranger ? 0 : 1) << users()[at];
  }
}

}  // namespace
}  // namespace backupd
