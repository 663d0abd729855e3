// SIGKILL at random moments of a restore and of a sweep: the user's mail is not touched, and the
// next sweep removes everything that mailstow made.
#include <csignal>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::json;

class RestoreKillTest : public testing::Test {
 protected:
  RestoreKillTest() {
    servers::fill_account(server_, "alice", 150);
    mailstow_.make_store();
    mailstow_.backupd_json({"once", "--account", "alice"});
  }

  void run_and_kill(const std::vector<std::string>& arguments) {
    servers::Process process(mailstow_.restore_command(arguments), {}, {::getuid(), ::getgid()},
                             mailstow_.directory() / "log");
    // At later and later moments, so that a busy machine gets far enough, too.
    longest_ += 60;
    std::this_thread::sleep_for(std::chrono::milliseconds(random_.below(longest_)));
    if (process.is_running()) ::kill(process.pid(), SIGKILL);
    process.end(std::chrono::seconds(10));
  }

  static std::multiset<std::string> digests(const servers::FolderState& folder) {
    std::multiset<std::string> digests;
    for (const auto& message : folder.messages) digests.insert(message.sha256);
    return digests;
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::Random random_{21};
  unsigned longest_ = 400;  // milliseconds
};

TEST_F(RestoreKillTest, KilledAtAnyMomentNothingIsLostAndTheNextSweepFinishes) {
  const int kills = tests::is_long_run() ? 100 : 6;
  const auto before = servers::account_state(server_, "alice");
  for (int kill = 0; kill < kills; ++kill) {
    run_and_kill({"run", "alice", "--all", "--expire-after", "1s"});
    run_and_kill({"sweep"});
    const auto now = servers::account_state(server_, "alice");
    EXPECT_EQ(now.not_below("RESTORED", '/'), before.folders);
    EXPECT_EQ(now.usage, before.usage);
  }
  // A folder that a crash left without a recorded identity is deleted only if it was never used. If
  // it stays, a person must decide about it, and all mail in it has been rescued.
  mailstow_.restore_json({"sweep"});
  const auto after = servers::account_state(server_, "alice");
  EXPECT_EQ(after.not_below("RESTORED", '/'), before.folders);
  for (const auto& [raw_name, folder] : after.below("RESTORED", '/')) {
    EXPECT_EQ(folder.messages.size(), 0U) << raw_name;
  }
}

TEST_F(RestoreKillTest, KilledAtAnyMomentARunIsResumedIntoTheSameTreeWithoutDuplicates) {
  const int kills = tests::is_long_run() ? 100 : 8;
  const auto before = servers::account_state(server_, "alice");
  constexpr int kMaxKills = 100;  // until one hits a run that has begun its tree
  int resumed = 0;
  for (int kill = 0; kill < kills || (resumed == 0 && kill < kMaxKills); ++kill) {
    run_and_kill({"run", "alice", "--all", "--expire-after", "1s"});
    const json trees = mailstow_.restore_json({"trees"})["trees"];
    if (!trees.empty() && trees[0]["state"] == "incomplete") {
      const std::string tree = trees[0]["tree"];
      run_and_kill({"run", "alice", "--resume", tree});
      mailstow_.restore_json({"run", "alice", "--resume", tree});
      ++resumed;
      const auto now = servers::account_state(server_, "alice");
      for (const auto& [raw_name, folder] : before.folders) {
        if (!folder.is_selectable) continue;
        const auto restored = now.folders.find(tree + "/" + raw_name);
        ASSERT_NE(restored, now.folders.end()) << raw_name;
        EXPECT_EQ(digests(restored->second), digests(folder)) << raw_name;
      }
      EXPECT_EQ(now.not_below("RESTORED", '/'), before.folders);
    }
    mailstow_.restore_json({"sweep"});
    EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"], json::array());
  }
  EXPECT_GT(resumed, 0);
}

// Enough for several connections, each of which may be in the middle of a batch.
class LargeKillTest : public RestoreKillTest {
 protected:
  LargeKillTest() {
    auto maildir = server_.maildir("alice");
    servers::MailGenerator mail(77);
    for (int message = 0; message < 900; ++message) {
      maildir.deliver(message % 2 == 0 ? "Large" : "Larger", mail.delivery());
    }
    mailstow_.backupd_json({"once", "--account", "alice"});
    before_ = servers::account_state(server_, "alice");
  }

  void expect_all_once(const std::string& top) {
    const auto now = servers::account_state(server_, top.empty() ? "bob" : "alice");
    for (const auto& [raw_name, folder] : before_.folders) {
      if (!folder.is_selectable) continue;
      const auto restored = now.folders.find(top + raw_name);
      ASSERT_NE(restored, now.folders.end()) << raw_name;
      EXPECT_EQ(digests(restored->second), digests(folder)) << raw_name;
    }
  }

  servers::AccountState before_;
};

TEST_F(LargeKillTest, WithSeveralConnectionsNothingIsDuplicatedEither) {
  const int kills = tests::is_long_run() ? 30 : 3;
  for (int kill = 0; kill < kills; ++kill) {
    run_and_kill({"run", "alice", "--all", "--expire-after", "1s"});
    const json trees = mailstow_.restore_json({"trees"})["trees"];
    if (!trees.empty() && trees[0]["state"] == "incomplete") {
      const std::string tree = trees[0]["tree"];
      mailstow_.restore_json({"run", "alice", "--resume", tree});
      expect_all_once(tree + "/");
    }
    mailstow_.restore_json({"sweep"});
  }
}

TEST_F(LargeKillTest, RepeatingTheCommandInPlaceDuplicatesNothing) {
  const std::vector<std::string> run = {"run", "alice", "--all", "--to", "bob", "--in-place"};
  for (int kill = 0; kill < 3; ++kill) run_and_kill(run);
  mailstow_.restore_json(run);
  expect_all_once("");
}

}  // namespace
}  // namespace restore
