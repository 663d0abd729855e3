// SIGKILL at random moments of a restore and of a sweep: nothing of the user's is touched, and the
// next sweep leaves nothing of mailstow's behind.
#include <csignal>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

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
    mailstow_.backupd({"init"});
    mailstow_.backupd_json({"once", "--account", "alice"});
  }

  void run_and_kill(const std::vector<std::string>& arguments) {
    servers::Process process(mailstow_.restore_command(arguments), {}, {::getuid(), ::getgid()},
                             mailstow_.folder() / "log");
    std::this_thread::sleep_for(std::chrono::milliseconds(random_.below(500)));
    if (process.is_running()) ::kill(process.pid(), SIGKILL);
    process.end(std::chrono::seconds(10));
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::Random random_{21};
};

TEST_F(RestoreKillTest, KilledAtAnyMomentNothingIsLostAndTheNextSweepFinishes) {
  const int kills = std::getenv("MAILSTOW_TEST_LONG") != nullptr ? 100 : 12;
  const auto before = servers::account_state(server_, "alice");
  for (int kill = 0; kill < kills; ++kill) {
    run_and_kill({"run", "alice", "--expire-after", "0s"});
    run_and_kill({"sweep"});
    const auto now = servers::account_state(server_, "alice");
    EXPECT_EQ(now.not_below("RESTORED", '/'), before.folders);
    EXPECT_EQ(now.usage, before.usage);
  }
  // What a crash left without its identity is deleted only if it was never used; what is left then
  // is a folder that only a person may judge, and it holds no mail but rescued mail.
  mailstow_.restore_json({"sweep"});
  const auto after = servers::account_state(server_, "alice");
  EXPECT_EQ(after.not_below("RESTORED", '/'), before.folders);
  for (const auto& [raw_name, folder] : after.below("RESTORED", '/')) {
    EXPECT_EQ(folder.messages.size(), 0U) << raw_name;
  }
}

}  // namespace
}  // namespace restore
