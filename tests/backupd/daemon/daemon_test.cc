// `mailstow-backupd run` on a real server. The test controls the schedule by writing the times of
// earlier starts.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "backupd/daemon/metrics_server.h"
#include "base/time_text.h"
#include "tests/backupd/daemon/running_daemon.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/silent_server.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;
using testing::Not;

TEST_F(DaemonTest, CatchesUpOnAMissedBackup) {
  servers::fill_account(server_, "alice", 40);
  schedule("backup", "daily 02:30");
  started_before("backup", std::chrono::hours(72));
  start();
  wait_for_end_of("backup");
  EXPECT_EQ(job("backup")["last_exit_status"], 0) << log();
  const json status = mailstow_.backupd_json({"status"});
  EXPECT_EQ(find_by(status["accounts"], "account", "alice")["messages"], 40);
  // It ran once, and its report is kept.
  EXPECT_GT(job("backup")["next_start"].get<std::string>(),
            base::format_rfc3339(
                std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())));
  std::ifstream report(mailstow_.index() / "reports" / "backup.json");
  EXPECT_EQ(json::parse(report)["status"], "complete");
}

TEST_F(DaemonTest, StartsWhileTheBucketDoesNotAnswer) {
  const base::Path secret = mailstow_.directory() / "secret";
  std::ofstream(secret) << "secret\n";
  std::filesystem::permissions(secret, std::filesystem::perms::owner_read);
  mailstow_.config()["store"] = {{"s3",
                                  {{"url", "https://127.0.0.1:1"},
                                   {"bucket", "mail"},
                                   {"access_key", "key"},
                                   {"secret_key_file", secret.string()}}},
                                 {"index", mailstow_.index().string()},
                                 {"key_file", mailstow_.key_file().string()}};
  mailstow_.save();
  start();
  EXPECT_THAT(manager_.said(), HasSubstr("READY=1"));
  EXPECT_THAT(log(), HasSubstr("127.0.0.1:1"));
}

TEST_F(DaemonTest, BacksUpRestoresAndSweeps) {
  servers::fill_account(server_, "alice", 40);
  start();
  EXPECT_EQ(mailstow_.backupd({"run", "--now", "backup"}).status, 0);
  wait_for_end_of("backup");
  const auto before = servers::account_state(server_, "alice");
  const json restored = mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  std::this_thread::sleep_for(std::chrono::seconds(2));  // until it is due
  EXPECT_EQ(servers::account_state(server_, "alice", "RESTORED").message_count(), 40U);
  EXPECT_EQ(mailstow_.backupd({"run", "--now", "sweep"}).status, 0);
  wait_for_end_of("sweep");
  EXPECT_EQ(job("sweep")["last_exit_status"], 0) << log();
  EXPECT_EQ(servers::account_state(server_, "alice").folders, before.folders);
}

TEST_F(DaemonTest, PrunesChecksAndDrills) {
  servers::fill_account(server_, "alice", 10);
  mailstow_.backupd({"once"});
  mailstow_.config()["schedule"]["check_for"] = "1m";
  mailstow_.save();
  start();
  for (const char* name : {"prune", "check", "drill"}) {
    EXPECT_EQ(mailstow_.backupd({"run", "--now", name}).status, 0);
    wait_for_end_of(name);
    EXPECT_EQ(job(name)["last_exit_status"], 0) << log();
    EXPECT_TRUE(
        std::filesystem::exists(mailstow_.index() / "reports" / (std::string(name) + ".json")));
  }
}

TEST_F(DaemonTest, NotifiesTheServiceManager) {
  schedule("sweep", "hourly");
  start();
  wait_until([&] { return manager_.said().find("WATCHDOG=1") != std::string::npos; });
  EXPECT_THAT(manager_.said(), HasSubstr("STATUS=Next: sweep at 20"));
  signal_daemon(SIGTERM);
  wait_until([&] { return !daemon_->is_running(); });
  EXPECT_THAT(manager_.said(), HasSubstr("STOPPING=1"));
}

TEST_F(DaemonTest, RunsTheBackupForOnce) {
  servers::fill_account(server_, "alice", 30);
  start();
  const json report = mailstow_.backupd_json({"once"});
  EXPECT_EQ(report["accounts"].size(), 2U);
  EXPECT_EQ(find_by(report["accounts"], "account", "alice")["messages"], 30);
  const base::Path kept = mailstow_.index() / "reports" / "backup.json";
  EXPECT_EQ(json::parse(tests::text_of(kept)), report);
  EXPECT_EQ(job("backup")["report"], "backup");
  const auto of_alice = mailstow_.backupd({"once", "--account", "alice"});
  EXPECT_EQ(of_alice.status, 0);
  EXPECT_EQ(of_alice.out,
            "alice: complete: 30 messages in 11 folders, 0 new, 0 B fetched, "
            "0 B written\n");
  EXPECT_EQ(job("backup")["run"], 2);
  EXPECT_EQ(job("backup")["report"], "backup-accounts");
  EXPECT_EQ(json::parse(tests::text_of(kept)), report) << "the night's mail may name it";
  EXPECT_EQ(mailstow_.backupd({"once", "--account", "alcie"}).status, 2);
  // Another process uses the store: the daemon reports it and tries again.
  const auto lock =
      base::real_file_system().try_lock(mailstow_.store() / "lock", base::LockMode::kExclusive);
  ASSERT_NE(lock, nullptr);
  const auto busy = mailstow_.backupd({"once"});
  EXPECT_EQ(busy.status, 5);
  EXPECT_THAT(busy.err, HasSubstr("tries again at 20"));
}

TEST_F(DaemonTest, ContinuesAParkedBackupAfterARestart) {
  servers::MailGenerator mail(5);
  std::vector<servers::Delivery> letters;
  for (int letter = 0; letter < 300; ++letter) letters.push_back({mail.text(20'000)});
  server_.client("alice").append("INBOX", letters);
  // Stop the daemon while mail arrives, with half of it still to be fetched.
  const servers::SilentServer slow(server_, servers::From::kServer, 3'000'000);
  mailstow_.config()["servers"]["main"]["tls"] = "none";
  mailstow_.config()["servers"]["main"]["url"] = slow.url();
  schedule("backup", "daily 02:30");
  started_before("backup", std::chrono::hours(72));
  start();
  wait_until([&] { return job("backup")["progress"]["messages"] > 0; });
  ::kill(daemon_->pid(), SIGTERM);
  wait_until([&] { return !daemon_->is_running(); });
  const json parked = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
  ASSERT_EQ(parked.size(), 1U) << log();
  EXPECT_EQ(parked[0]["status"], "partial");

  mailstow_.config()["servers"]["main"]["url"] = server_.plain_url();
  mailstow_.save();
  start();
  wait_until([&] { return !daemon_answer(mailstow_).is_null(); });
  wait_for_end_of("backup");
  EXPECT_EQ(job("backup")["last_exit_status"], 0) << log();
  EXPECT_EQ(mailstow_.restore_json({"snapshots", "alice"})["snapshots"].back()["messages"], 300);
}

TEST_F(DaemonTest, ReloadsTheConfiguration) {
  start();
  EXPECT_EQ(job("sweep")["next_start"], nullptr);
  schedule("sweep", "hourly");
  signal_daemon(SIGHUP);
  wait_until([&] { return !job("sweep")["next_start"].is_null(); });
  EXPECT_THAT(manager_.said(), HasSubstr("RELOADING=1\nMONOTONIC_USEC="));
}

// The machine has just started, and another program still has the address.
TEST_F(DaemonTest, BacksUpWhileItsMetricsCannotBeServed) {
  auto other = std::make_unique<MetricsServer>(base::ListenAddress{"127.0.0.1", 0},
                                               mailstow_.directory() / "no-metrics");
  const std::string address = "127.0.0.1:" + std::to_string(other->port());
  mailstow_.config()["metrics"]["listen"] = address;
  mailstow_.save();
  start();
  EXPECT_THAT(log(), HasSubstr("serve metrics at " + address + ": Address already in use"));
  EXPECT_EQ(mailstow_.backupd_json({"once"})["status"], "complete");
  const std::string trouble = daemon_status()["metrics"]["error"];
  EXPECT_THAT(trouble, HasSubstr("Address already in use"));
  EXPECT_THAT(mailstow_.backupd({"status"}).out, HasSubstr("\nNo metrics: " + trouble + "\n"));
  const json findings = mailstow_.backupd_json({"doctor"}, 3)["findings"];
  EXPECT_EQ(find_by(findings, "subject", "metrics")["what"], trouble);

  other.reset();
  ::kill(daemon_->pid(), SIGHUP);
  wait_until([&] { return daemon_answer(mailstow_)["metrics"]["error"].is_null(); });
  EXPECT_THAT(servers::run_program({"curl", "--silent", "http://" + address + "/metrics"}).out,
              HasSubstr("mailstow_"));
}

TEST_F(DaemonTest, DoesNotStartWithAnAddressOfMetricsThatIsNoAddress) {
  mailstow_.config()["metrics"]["listen"] = "localhost:9810";
  mailstow_.save();
  const auto result = mailstow_.backupd({"run"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("/metrics/listen"));
}

TEST_F(DaemonTest, KeepsTheValidConfigurationWhenTheNewOneIsInvalid) {
  schedule("sweep", "hourly");
  start();
  const std::string right = mailstow_.config().dump();
  for (const std::string& wrong :
       {std::string("{"), std::string(R"({"schedul": {}})"),
        std::string(right).replace(right.find("hourly"), 6, "sometimes")}) {
    std::ofstream(mailstow_.config_file()) << wrong;
    const std::string log_before = log();
    ::kill(daemon_->pid(), SIGHUP);
    wait_until([&] {
      return log().find("the configuration stays as it was", log_before.size()) !=
             std::string::npos;
    });
  }
  // A job still runs with the last valid configuration.
  std::ofstream(mailstow_.directory() / "right.json") << right;
  const auto with_right = [&](const std::string& command) {
    auto arguments = mailstow_.backupd_command({command});
    arguments[2] = (mailstow_.directory() / "right.json").string();
    if (command == "run") arguments.insert(arguments.end(), {"--now", "backup"});
    if (command == "status") arguments.push_back("--json");
    return servers::run_program(arguments);
  };
  EXPECT_EQ(with_right("run").status, 0);
  wait_until([&] {
    const json state = json::parse(with_right("status").out)["daemon"];
    return find_by(state["jobs"], "job", "backup")["last_exit_status"] == 0;
  });
}

TEST_F(DaemonTest, OnlyOneDaemonRunsPerStore) {
  start();
  const auto second = mailstow_.backupd({"run"});
  EXPECT_EQ(second.status, 5);
  EXPECT_THAT(second.err, HasSubstr("a daemon already runs"));
  EXPECT_EQ(daemon_status()["pid"], daemon_->pid());
}

TEST_F(DaemonTest, StartsAgainAfterItWasKilled) {
  start();
  ::kill(daemon_->pid(), SIGKILL);
  wait_until([&] { return !daemon_->is_running(); });
  EXPECT_EQ(daemon_status(), nullptr);
  start();
  wait_until([&] { return !daemon_answer(mailstow_).is_null(); });
}

TEST_F(DaemonTest, EndsAtOnceWhenNothingRuns) {
  start();
  const auto began = std::chrono::steady_clock::now();
  ::kill(daemon_->pid(), SIGTERM);
  wait_until([&] { return !daemon_->is_running(); });
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20)) << "jobs get 25 s";
  EXPECT_THAT(log(), Not(HasSubstr("error")));
}

TEST_F(DaemonTest, ReportsJobsThatCannotBeStarted) {
  const auto failed = mailstow_.backupd({"run", "--now", "backup"});
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.err, HasSubstr("no daemon runs"));
  const auto unknown = mailstow_.backupd({"run", "--now", "backups"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_EQ(mailstow_.backupd({"forget", "x"}).status, 1);
}

TEST_F(DaemonTest, DoesNotStartWithoutAStoreOrWithAnInvalidSchedule) {
  schedule("backup", "at teatime");
  EXPECT_EQ(mailstow_.backupd({"run"}).status, 2);
  schedule("backup", "never");
  std::filesystem::remove_all(mailstow_.store());
  EXPECT_NE(mailstow_.backupd({"run"}).status, 0);
}

}  // namespace
}  // namespace backupd
