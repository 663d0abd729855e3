// SIGTERM: work stops where nothing is lost, and the next run continues.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/installation.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/relay.h"
#include "tests/servers/silent_server.h"
#include "tests/text_of.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;
using servers::From;
using servers::Process;
using servers::SilentServer;
using std::chrono::seconds;
using testing::HasSubstr;

// Whether a thread of the process uses a processor or a disk, or waits for one.
bool is_busy(pid_t process) {
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    const std::string stat = tests::text_of(thread.path() / "stat");
    const std::size_t end_of_name = stat.rfind(") ");
    if (end_of_name == std::string::npos) continue;  // it has just ended
    const char state = stat[end_of_name + 2];
    if (state == 'R' || state == 'D') return true;
  }
  return false;
}

// Waits until the process has handled all that it has received.
void wait_until_idle(pid_t process) {
  int idle = 0;
  for (int look = 0; look < 6'000 && idle < 3; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    idle = is_busy(process) ? 0 : idle + 1;
  }
}

class StopTest : public testing::Test {
 protected:
  StopTest() {
    // One connection: bob waits for alice.
    mailstow_.config()["servers"]["main"]["connections"] = 1;
    mailstow_.config()["servers"]["main"]["tls"] = "none";
    use(server_.plain_url());
    mailstow_.make_store();
  }

  void use(const std::string& url) {
    mailstow_.config()["servers"]["main"]["url"] = url;
    mailstow_.save();
  }

  base::Path out_file() const { return mailstow_.directory() / "out"; }

  Process start(const std::vector<std::string>& command) {
    std::filesystem::remove(out_file());
    return Process(command, {}, {::getuid(), ::getgid()}, out_file());
  }

  // Sends SIGTERM and returns the exit status. Fails the test if the process does not end promptly.
  static int stop(const Process& process) {
    const auto requested = std::chrono::steady_clock::now();
    ::kill(process.pid(), SIGTERM);
    return end_of(process, requested);
  }

  static int end_of(const Process& process, std::chrono::steady_clock::time_point requested) {
    int status = 0;
    ::waitpid(process.pid(), &status, 0);
    EXPECT_LT(std::chrono::steady_clock::now() - requested, seconds(20));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::string out() const { return tests::text_of(out_file()); }

  json report() const {
    const std::string text = out();
    return json::parse(text.substr(std::min(text.find("{\n"), text.size())), nullptr, false);
  }

  void expect_backed_up(const std::string& user, const json& report) {
    programs::expect_receipts(find_by(report["accounts"], "account", user),
                              servers::account_state(server_, user));
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

// The further connection is kept for the next large folder, and the end does not wait for its
// logout.
TEST_F(StopTest, AnIdleConnectionDoesNotDelayTheEnd) {
  auto& server = mailstow_.config()["servers"]["main"];
  server["connections"] = 2;
  server["connections_per_account"] = 2;
  servers::MailGenerator mail(9);
  auto maildir = server_.maildir("alice");
  for (int message = 0; message < 1'000; ++message) maildir.deliver("A many", {mail.tiny()});
  for (int message = 0; message < 20; ++message) maildir.deliver("B large", {mail.text(200'000)});
  const SilentServer silent(server_, From::kServer, 2'000'000);
  use(silent.url());
  const Process once = start(mailstow_.backupd_command({"once", "--account", "alice", "--json"}));
  ASSERT_TRUE(silent.falls_silent());
  EXPECT_LT(stop(once), 128) << "it was not killed by a signal";
  EXPECT_THAT(out(), HasSubstr("stopped: the next backup continues where this one ended"));
}

TEST_F(StopTest, ABackupParksItsMessagesAndTheNextContinues) {
  servers::fill_account(server_, "alice", 20);
  servers::fill_account(server_, "bob", 5);
  servers::MailGenerator mail(4);
  std::vector<servers::Delivery> letters;
  for (int letter = 0; letter < 100; ++letter) letters.push_back({mail.text(20'000)});
  server_.client("alice").append("INBOX", letters);
  {
    const SilentServer silent(server_, From::kServer, 1'000'000);
    use(silent.url());
    const Process once = start(mailstow_.backupd_command({"once", "--json"}));
    ASSERT_TRUE(silent.falls_silent());
    wait_until_idle(once.pid());
    EXPECT_EQ(stop(once), 3) << out();
  }
  const json alice = find_by(report()["accounts"], "account", "alice");
  EXPECT_EQ(alice["status"], "partial") << out();
  EXPECT_THAT(alice["error"].get<std::string>(), HasSubstr("the next backup continues"));
  // All those that have arrived whole, which depends on their order.
  EXPECT_GT(alice["messages"], 0);
  EXPECT_LT(alice["messages"], 120);
  const json bob = find_by(report()["accounts"], "account", "bob");
  EXPECT_EQ(bob["status"], "failed");
  EXPECT_THAT(bob["error"].get<std::string>(), HasSubstr("before it began"));

  // Parked messages are not fetched again.
  use(server_.plain_url());
  const json whole = mailstow_.backupd_json({"once"});
  const json rest = find_by(whole["accounts"], "account", "alice");
  EXPECT_EQ(alice["messages"].get<int>() + rest["new_messages"].get<int>(), rest["messages"]);
  expect_backed_up("alice", whole);
  expect_backed_up("bob", whole);
}

TEST_F(StopTest, DoesNotWaitForAnUnansweredLogin) {
  const SilentServer silent(server_, From::kClient, 0);
  use(silent.url());
  const Process once = start(mailstow_.backupd_command({"once"}));
  ASSERT_TRUE(silent.falls_silent());
  EXPECT_EQ(stop(once), 1) << out();
}

TEST_F(StopTest, ARestoreLeavesATreeThatCanBeResumed) {
  servers::fill_account(server_, "alice", 150);
  mailstow_.backupd_json({"once"});
  const auto source = servers::account_state(server_, "alice");
  {
    const SilentServer silent(server_, From::kClient, 1'200'000);
    use(silent.url());
    const Process run = start(mailstow_.restore_command({"run", "alice", "--all", "--json"}));
    ASSERT_TRUE(silent.falls_silent());
    EXPECT_THAT(stop(run), testing::AnyOf(1, 3)) << out();
  }
  const std::string tree = report()["tree"];
  EXPECT_THAT(report()["error"].get<std::string>(), HasSubstr("run alice --resume " + tree));
  use(server_.plain_url());
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", tree}).status, 0);
  EXPECT_EQ(servers::account_state(server_, "alice", tree).message_count(), source.message_count());
}

TEST_F(StopTest, ASweepEndsBetweenFolders) {
  servers::fill_account(server_, "alice", 20);
  mailstow_.backupd_json({"once"});
  for (int tree = 0; tree < 2; ++tree) {
    mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  }
  std::atomic<pid_t> sweep_id = 0;
  std::atomic<unsigned> deletions = 0;
  const servers::Relay relay(
      server_, {.watch = [&](From from, std::string_view bytes) {
        if (from == From::kClient && bytes.find(" DELETE ") != std::string_view::npos) {
          ++deletions;
          while (sweep_id == 0) std::this_thread::yield();
          ::kill(sweep_id, SIGTERM);
        }
        return true;
      }});
  use(relay.url());
  const auto began = std::chrono::steady_clock::now();
  const Process sweep = start(mailstow_.restore_command({"sweep", "--json"}));
  sweep_id = sweep.pid();
  EXPECT_EQ(end_of(sweep, began), 3) << out();
  EXPECT_EQ(deletions, 1U);
  EXPECT_EQ(report()["not_reached"], 1);
  use(server_.plain_url());
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 0U);
}

}  // namespace
}  // namespace backupd
