// SIGKILL at random moments of commands on a bucket: nothing that was acknowledged is lost, and
// nothing is damaged.
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/backupd/bucket_fixture.h"
#include "tests/long_run.h"
#include "tests/programs/receipts.h"
#include "tests/servers/process.h"
#include "tests/servers/storage/ceph.h"
#include "tests/servers/storage/swift.h"

namespace backupd {
namespace {

using programs::json;

class BucketKillTest : public BucketFixture {
 protected:
  using BucketFixture::BucketFixture;

  // Retention and no grace give prune something to do each time.
  void set_up() {
    mailstow_.config()["retention"] = {{"keep_within", "0s"}, {"last", 2},    {"daily", 0},
                                       {"weekly", 0},         {"monthly", 0}, {"grace", "0s"}};
    mailstow_.save();
    EXPECT_EQ(0, mailstow_.backupd({"init"}).status);
    acknowledge();
  }

  void acknowledge() {
    // Snapshots are named by their second.
    if (!time_acknowledged_.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1'100));
    const json account = mailstow_.backupd_json({"once"})["accounts"][0];
    EXPECT_EQ("complete", account["status"]);
    const servers::AccountState now = state();
    programs::expect_receipts(account, now);
    mail_acknowledged_ = mail_in(now.folders);
    time_acknowledged_ = mailstow_.restore_json({"snapshots", "alice"})["snapshots"].back()["time"];
  }

  void kill_during(const std::vector<std::string>& arguments) {
    servers::Process process(mailstow_.backupd_command(arguments), {}, {::getuid(), ::getgid()},
                             mailstow_.directory() / "log");
    std::this_thread::sleep_for(std::chrono::milliseconds(random_.below(1'000)));
    if (process.is_running()) ::kill(process.pid(), SIGKILL);
    process.end(std::chrono::seconds(10));
  }

  // The snapshot that was acknowledged last is there, unless a newer one is.
  void expect_acknowledged() {
    const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
    ASSERT_FALSE(snapshots.empty());
    EXPECT_GE(snapshots.back()["time"].get<std::string>(), time_acknowledged_);
    EXPECT_EQ("intact", mailstow_.backupd_json({"check"})["status"]);
  }

  void expect_restored() {
    const std::string tree =
        mailstow_.restore_json({"run", "alice", "--all", "--at", time_acknowledged_})["tree"];
    EXPECT_EQ(mail_acknowledged_, mail_in(state().below(tree, '/')));
    EXPECT_EQ(0, mailstow_.restore({"expire", "alice", tree}).status);
    EXPECT_EQ(true, mailstow_.restore_json({"sweep"})["trees"][0]["finished"]);
  }

  void remove_some_mail() {
    servers::ImapClient alice = server_.client("alice");
    alice.command("SELECT INBOX");
    alice.command("STORE 1:2 +FLAGS.SILENT (\\Deleted)");
    alice.command("EXPUNGE");
  }

  void kill_and_expect_no_loss(int kills) {
    const std::vector<std::vector<std::string>> commands{
        {"once"}, {"prune"}, {"check", "--repair"}};
    for (int kill = 0; kill < kills; ++kill) {
      SCOPED_TRACE(kill);
      deliver(3, 20'000);
      remove_some_mail();
      kill_during(commands[static_cast<std::size_t>(kill) % commands.size()]);
      expect_acknowledged();
      if (kill % 4 != 3) continue;
      acknowledge();
      if (kill % 20 == 19) expect_restored();
    }
    acknowledge();
    expect_restored();
    EXPECT_EQ("intact", mailstow_.backupd_json({"check", "--read-data"})["status"]);
  }

 private:
  servers::Random random_{5};
  std::multiset<std::string> mail_acknowledged_;
  std::string time_acknowledged_;
};

class SwiftKillTest : public BucketKillTest {
 protected:
  SwiftKillTest() : BucketKillTest(servers::Swift::shared().storage(), "kills") { set_up(); }
};

TEST_F(SwiftKillTest, LosesNothing) {
  kill_and_expect_no_loss(tests::is_long_run() ? 100 : 2);
}

class KillsOnCeph : public BucketKillTest {
 public:
  KillsOnCeph() : BucketKillTest(servers::Ceph::shared().storage(), "kills") { set_up(); }
  void TestBody() override { kill_and_expect_no_loss(100); }
};

// Ceph is started in long runs only.
TEST(CephKillTest, LosesNothing) {
  if (tests::is_long_run()) KillsOnCeph().TestBody();
}

}  // namespace
}  // namespace backupd
