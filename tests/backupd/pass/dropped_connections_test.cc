// A network on which no connection lasts.
#include <algorithm>
#include <mutex>

#include <gmock/gmock.h>

#include "store/reader.h"
#include "tests/backupd/pass/recorded_account.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/relay.h"

namespace backupd {
namespace {

using programs::json;

constexpr std::size_t kFirst = 120;
constexpr int kTiny = 1'500;  // enough for several connections to an account
constexpr int kMaxRuns = 60;

class DroppedConnectionsTest : public testing::Test {
 protected:
  DroppedConnectionsTest() {
    servers::MailGenerator mail(29);
    servers::fill_account(server_, "alice", kFirst, 1);
    servers::fill_account(server_, "bob", kFirst, 2);
    auto maildir = server_.maildir("alice");
    for (int message = 0; message < kTiny; ++message) maildir.deliver("Tiny", {mail.tiny()});
    auto& main = mailstow_.config()["servers"]["main"];
    main["url"] = relay_.url();
    main["tls"] = "none";
    main["connections_per_account"] = 3;
    mailstow_.save();
    mailstow_.make_store();
  }

  // How many bytes a connection lasts: occasionally not beyond its login.
  std::optional<std::uint64_t> distance() {
    const std::lock_guard lock(mutex_);
    return random_.one_in(6) ? random_.below(2'000) : 20'000 + random_.below(400'000);
  }

  // Runs until nothing is left to do; returns the number of runs.
  int run_until_whole() {
    for (int run = 1; run <= kMaxRuns; ++run) {
      const auto ran = mailstow_.backupd({"-q", "once", "--json"});
      EXPECT_THAT(ran.status, testing::AnyOf(0, 1, 3)) << ran.err;
      const json report = json::parse(ran.out, nullptr, false);
      for (const json& account : report["accounts"]) {
        new_messages_ += account["new_messages"].get<std::size_t>();
        for (const json& entry : account["skipped"]) expect_lost_folder(entry);
      }
      if (ran.status == 0 || HasFailure()) return run;
    }
    ADD_FAILURE() << "not complete after " << kMaxRuns << " runs";
    return kMaxRuns;
  }

  // Over a folder two connections in a row may end before any of its messages has arrived, which
  // depends on what else they carried. The next run fetches it.
  static void expect_lost_folder(const json& skipped) {
    EXPECT_TRUE(skipped["uid"].is_null()) << "a lost connection is not a message's fault";
    EXPECT_THAT(skipped["reason"].get<std::string>(),
                testing::HasSubstr("the connection was lost over this folder"));
  }

  void expect_whole() {
    store::Reader reader = store::Reader::open(
        {mailstow_.store(), mailstow_.index(), mailstow_.key_file()}, base::real_file_system());
    for (const char* user : {"alice", "bob"}) expect_equal_to_server(reader, server_, user);
    EXPECT_EQ(mailstow_.backupd({"check", "--read-data"}).status, 0);
  }

  std::mutex mutex_;
  servers::Random random_{31};
  std::size_t new_messages_ = 0;
  servers::Dovecot server_;
  servers::Relay relay_{server_, {.cut = [this](unsigned) { return distance(); }}};
  programs::Installation mailstow_{server_};
};

TEST_F(DroppedConnectionsTest, KeepsArrivedMessagesUntilTheBackupIsComplete) {
  const int runs = run_until_whole();
  EXPECT_GT(relay_.connections(), 6U);
  EXPECT_EQ(new_messages_, 2 * kFirst + kTiny) << "nothing is stored twice";
  expect_whole();
  RecordProperty("runs", std::to_string(runs));
  RecordProperty("connections", std::to_string(relay_.connections()));
}

}  // namespace
}  // namespace backupd
