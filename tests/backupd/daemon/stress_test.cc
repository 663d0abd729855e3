// The daemon under stress: while many accounts get mail and are backed up, it reloads its
// configuration, and it and its jobs are stopped, killed and restarted at random. Takes ten
// seconds with 25 accounts; five minutes with 50 and MAILSTOW_TEST_LONG.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/backupd/daemon/daemon_answer.h"
#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/text_of.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;
using servers::Process;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kWarmUp = 8;       // backups, each kind of disturbance among them
constexpr int kMinBackups = 14;  // however slow the machine is
constexpr int kMinDaemons = 4;

servers::DovecotOptions many_users() {
  const int users = tests::is_long_run() ? 50 : 25;
  servers::DovecotOptions options;
  options.users.clear();
  for (int number = 0; number < users; ++number) {
    options.users.push_back("user" + std::to_string(number));
  }
  return options;
}

// The resources that a process uses.
struct Use {
  std::size_t kilobytes = 0;  // in memory
  std::ptrdiff_t files = 0;
};

Use use_of(pid_t pid) {
  const base::Path directory = base::Path("/proc") / std::to_string(pid);
  Use use;
  std::ifstream status(directory / "status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) use.kilobytes = std::stoul(line.substr(6));
  }
  use.files = std::distance(std::filesystem::directory_iterator(directory / "fd"), {});
  return use;
}

class StressTest : public testing::Test {
 protected:
  StressTest() {
    json accounts = json::array();
    for (const std::string& user : users()) {
      accounts.push_back({{"name", user}, {"server", "main"}});
      server_.maildir(user).deliver("INBOX", {mail_.text(10'000)});
    }
    auto& config = mailstow_.config();
    config["accounts"] = accounts;
    config["servers"]["main"]["url"] = server_.plain_url();
    config["servers"]["main"]["tls"] = "none";
    config["schedule"] = {{"backup", "never"}, {"prune", "never"}, {"check", "never"},
                          {"sweep", "never"},  {"drill", "never"}, {"jitter", "0s"}};
    mailstow_.save();
    mailstow_.make_store();
    start();
  }

  const std::vector<std::string>& users() const { return server_.options().users; }

  void start() {
    daemon_ = std::make_unique<Process>(
        mailstow_.backupd_command({"-q", "run"}),
        // Freed memory that AddressSanitizer quarantines would look like a leak.
        std::vector<std::string>{
            "PATH=/usr/bin:/bin",
            "ASAN_OPTIONS=quarantine_size_mb=1:thread_local_quarantine_size_kb=64"},
        servers::Account{::getuid(), ::getgid()}, mailstow_.directory() / "log");
    const auto patience = steady_clock::now() + seconds(30);
    while (daemon().is_null()) {
      ASSERT_LT(steady_clock::now(), patience) << log();
      ASSERT_TRUE(daemon_->is_running()) << log();
      std::this_thread::sleep_for(milliseconds(10));
    }
  }

  json daemon() const {
    try {
      return daemon_answer(mailstow_);
    } catch (const base::Error&) {
      return {};  // it was asked while it ended
    }
  }

  bool is_backing_up() const {
    const json now = daemon();
    return !now.is_null() && find_by(now["jobs"], "job", "backup")["running"] == true;
  }

  void deliver() {
    for (int letter = 0; letter < 20; ++letter) {
      auto maildir = server_.maildir(users()[random_.below(users().size())]);
      maildir.deliver(random_.one_in(3) ? "Archive" : "INBOX", {mail_.text(20'000)});
    }
  }

  void start_backup() {
    mailstow_.backupd({"run", "--now", "backup"});
    std::this_thread::sleep_for(milliseconds(random_.below(250)));
  }

  void signal_job(int number) {
    for (const pid_t job : daemon_->children("mailstow-backup")) ::kill(job, number);
  }

  // The process that reports a killed job uses files of the daemon until it ends.
  Use use_when_idle(std::ptrdiff_t max_files) const {
    const auto patience = steady_clock::now() + seconds(60);
    Use use = use_of(daemon_->pid());
    while (use.files > max_files && steady_clock::now() < patience) {
      std::this_thread::sleep_for(milliseconds(20));
      use = use_of(daemon_->pid());
    }
    return use;
  }

  // The daemon ends within half a minute, with its jobs.
  void stop_daemon() {
    const auto requested = steady_clock::now();
    ::kill(daemon_->pid(), SIGTERM);
    int status = 0;
    ::waitpid(daemon_->pid(), &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status << log();
    longest_stop_ = std::max(longest_stop_, steady_clock::now() - requested);
    EXPECT_LT(longest_stop_, seconds(30));
  }

  // Kills the daemon, with its jobs (as systemd would) or without.
  void kill_daemon() {
    ::kill(random_.one_in(2) ? -daemon_->pid() : daemon_->pid(), SIGKILL);
    while (daemon_->is_running()) std::this_thread::sleep_for(milliseconds(1));
  }

  void reload() {
    mailstow_.config()["schedule"]["jitter"] = random_.one_in(2) ? "1s" : "2s";
    mailstow_.save();
    if (random_.one_in(3)) std::ofstream(mailstow_.config_file()) << "{ it is not JSON";
    ::kill(daemon_->pid(), SIGHUP);
    std::this_thread::sleep_for(milliseconds(20));
    mailstow_.save();
  }

  // Everything that existed before still exists.
  void expect_nothing_lost() {
    const json status = mailstow_.backupd_json({"status"});
    for (const json& account : status["accounts"]) {
      auto& known = snapshots_[account["account"]];
      EXPECT_GE(account["snapshots"].get<std::size_t>(), known) << account["account"];
      known = account["snapshots"];
    }
  }

  std::string log() const { return tests::text_of(mailstow_.directory() / "log"); }

  servers::Dovecot server_{many_users()};
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{21};
  servers::Random random_{22};
  std::unique_ptr<Process> daemon_;
  std::map<std::string, std::size_t> snapshots_;
  steady_clock::duration longest_stop_{};
};

TEST_F(StressTest, NothingIsLostAndNothingLeaks) {
  const auto half = tests::is_long_run() ? seconds(150) : seconds(4);

  // With a single daemon, resource use must stay constant.
  int backups = 0;
  Use before;
  const auto begin = steady_clock::now();
  const auto warm = begin + half / 3;
  for (const auto end = begin + half; steady_clock::now() < end || backups < kMinBackups;
       ++backups) {
    if (backups == kWarmUp || (backups > kWarmUp && steady_clock::now() < warm)) {
      before = use_of(daemon_->pid());
    }
    deliver();
    start_backup();
    switch (backups < 4 ? backups : static_cast<int>(random_.below(4))) {
      case 0:
        signal_job(SIGKILL);
        break;
      case 1:
        signal_job(SIGTERM);
        break;
      case 2:
        reload();
        break;
      default:
        break;
    }
  }
  while (is_backing_up()) std::this_thread::sleep_for(milliseconds(20));
  const Use after = use_when_idle(before.files);
  EXPECT_LE(after.files, before.files);
  EXPECT_LT(after.kilobytes, before.kilobytes + 1'000);
  expect_nothing_lost();

  // Many daemons, each of which is stopped or killed.
  int daemons = 1;
  for (const auto end = steady_clock::now() + half;
       steady_clock::now() < end || daemons < kMinDaemons; ++daemons) {
    deliver();
    start_backup();
    if (random_.one_in(2)) {
      stop_daemon();
    } else {
      kill_daemon();
    }
    expect_nothing_lost();
    start();
  }

  // A job may have outlived its daemon.
  json report;
  for (const auto patience = steady_clock::now() + seconds(60); report.is_null();) {
    const auto once = mailstow_.backupd({"once", "--json"});
    if (once.status == 0) report = json::parse(once.out);
    ASSERT_LT(steady_clock::now(), patience) << once.status << once.err << log();
  }
  tests::Sample sample(4);
  for (const std::string& user : users()) {
    if (!sample.takes_next()) continue;
    const json account = find_by(report["accounts"], "account", user);
    programs::expect_receipts(account, servers::account_state(server_, user));
  }
  expect_nothing_lost();
  EXPECT_EQ(mailstow_.backupd({"check", "--read-data"}).status, 0);
  RecordProperty("backups", backups);
  RecordProperty("daemons", daemons);
  RecordProperty("kilobytes_before", std::to_string(before.kilobytes));
  RecordProperty("kilobytes_after", std::to_string(after.kilobytes));
  RecordProperty("files", std::to_string(after.files));
  RecordProperty("longest_stop_ms",
                 std::to_string(std::chrono::floor<milliseconds>(longest_stop_).count()));
}

}  // namespace
}  // namespace backupd
