// How the daemon's jobs end early: stopped in the middle of a check or a drill, by a crash, or
// while they send mail.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <netinet/in.h>

#include "base/core_dumps.h"
#include "tests/backupd/daemon/running_daemon.h"
#include "tests/programs/owned_clock.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/delivery.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/mail_server.h"
#include "tests/servers/silent_server.h"
#include "tests/text_of.h"

namespace backupd {
namespace {

using programs::find_by;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

// The bytes that it has read from files so far.
std::uintmax_t bytes_read_by(pid_t process) {
  std::ifstream counters("/proc/" + std::to_string(process) + "/io");
  std::string name;
  std::uintmax_t bytes = 0;
  counters >> name >> bytes;
  return name == "rchar:" ? bytes : 0;
}

// Whether SIGTERM was sent to the process, which is stopped.
bool has_sigterm_pending(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  constexpr std::string_view kField = "ShdPnd:";
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(kField)) continue;
    const auto pending = std::stoull(line.substr(kField.size()), nullptr, 16);
    return (pending >> (SIGTERM - 1) & 1U) != 0;
  }
  return false;
}

// Continues the process, which is stopped, when SIGTERM was sent to it.
std::thread continue_when_asked_to_end(pid_t process) {
  return std::thread([process] {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
    while (!has_sigterm_pending(process) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::kill(process, SIGCONT);
  });
}

class DaemonEndTest : public DaemonTest {
 protected:
  DaemonEndTest() { use(server_.plain_url()); }

  void use(const std::string& url) {
    mailstow_.config()["servers"]["main"]["url"] = url;
    mailstow_.config()["servers"]["main"]["tls"] = "none";
    mailstow_.save();
  }

  void deliver(int letters) {
    std::vector<servers::Delivery> all;
    for (int letter = 0; letter < letters; ++letter) all.push_back({mail_.text(20'000)});
    server_.client("alice").append("INBOX", all);
  }

  // Waits for a job of the daemon.
  pid_t catch_job() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < deadline) {
      const auto jobs = daemon_->children("mailstow-backup");
      if (!jobs.empty()) return jobs.back();
    }
    // Signals to process 0 would go to the tests themselves.
    throw std::runtime_error("the daemon starts no job: " + log());
  }

  // Lets the job run for two milliseconds at a time until it has read so many bytes, and leaves it
  // stopped. False if it has ended: the test may have to wait for a processor for longer than the
  // job takes.
  bool step_until_read(pid_t job, std::uintmax_t bytes) {
    ::kill(job, SIGSTOP);
    while (bytes_read_by(job) < bytes) {
      if (!daemon_->has_child(job)) return false;
      ::kill(job, SIGCONT);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      ::kill(job, SIGSTOP);
    }
    return true;
  }

  // Stops the daemon with a signal; it and its jobs have ended on return.
  void stop_in_time() {
    const auto asked = std::chrono::steady_clock::now();
    ::kill(daemon_->pid(), SIGTERM);
    wait_until([&] { return !daemon_->is_running(); });
    EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(20))
        << "they get 25 s";
  }

  // Starts the daemon with a check that is due, and stops both when the check has read so many
  // bytes. False if the check comes to its end nevertheless: it may have asked for the last time
  // whether to stop, or have ended, before the test gets a processor.
  bool stop_check_after(std::uintmax_t bytes) {
    started_before("check", std::chrono::hours(72));
    const std::size_t logged = log().size();
    start();
    wait_until([&] { return log().find("check: started", logged) != std::string::npos; });
    const auto jobs = daemon_->children("mailstow-backup");
    std::thread goes_on;
    if (!jobs.empty() && step_until_read(jobs.back(), bytes)) {
      goes_on = continue_when_asked_to_end(jobs.back());
    }
    stop_in_time();
    if (!goes_on.joinable()) return false;
    goes_on.join();
    return record_of("check").dump().find("stopped: ") != std::string::npos;
  }

  json record_of(const std::string& job) {
    return find_by(mailstow_.backupd_json({"status"})["jobs"], "job", job);
  }

  void expect_that_it_was_stopped(const std::string& job) {
    const json record = record_of(job);
    EXPECT_THAT(record["error"].get<std::string>(), HasSubstr("stopped: ")) << log();
    EXPECT_NE(record["exit_status"], 0);
    EXPECT_THAT(log(), HasSubstr(job + ": stopped: the next run continues"));
  }

  void expect_that_it_is_taken_up_again(const std::string& job) {
    start();
    wait_for_end_of(job);
    EXPECT_EQ(record_of(job)["exit_status"], 0) << log();
  }

  servers::MailGenerator mail_{5};
};

TEST_F(DaemonEndTest, AStoppedCheckContinuesLater) {
  for (int night = 0; night < 6; ++night) {
    deliver(60);
    mailstow_.backupd({"once"});
  }
  schedule("check", "daily 02:30");
  // Only root can see the files of a process that can't be dumped.
  ASSERT_TRUE(base::kIsSanitized || ::geteuid() == 0) << "run it as root, or with the sanitizers";
  std::uintmax_t stored = 0;
  for (const auto& pack : std::filesystem::directory_iterator(mailstow_.store() / "packs")) {
    stored += pack.file_size();
  }
  bool was_stopped = false;
  for (int attempt = 0; !was_stopped && attempt < 20; ++attempt) {
    was_stopped = stop_check_after(stored / 3);
  }
  ASSERT_TRUE(was_stopped) << "it has ended each time: " << log();
  expect_that_it_was_stopped("check");
  expect_that_it_is_taken_up_again("check");
  std::ifstream report(mailstow_.index() / "reports" / "check.json");
  const json document = json::parse(report);
  EXPECT_EQ(document["packs_read"], document["packs"]);
}

TEST_F(DaemonEndTest, AStoppedDrillRunsAgainLater) {
  deliver(50);
  mailstow_.backupd({"once"});
  const auto earlier_report = [&] {
    return json::parse(std::ifstream(mailstow_.index() / "reports" / "drill.json"));
  };
  mailstow_.backupd({"drill", "--seed", "7"});
  const json earlier = earlier_report();
  EXPECT_EQ(earlier["seed"], 7);
  schedule("drill", "daily 02:30");
  started_before("drill", std::chrono::hours(72));
  {
    const servers::SilentServer silent(server_, servers::From::kServer, 200'000);
    use(silent.url());
    start();
    ASSERT_TRUE(silent.falls_silent());
    stop_in_time();
  }
  expect_that_it_was_stopped("drill");
  EXPECT_EQ(earlier_report(), earlier) << "kept until the next report";
  use(server_.plain_url());
  expect_that_it_is_taken_up_again("drill");
}

TEST_F(DaemonEndTest, AJobThatDoesNotEndInTimeIsKilledAndNothingIsLost) {
  deliver(50);
  mailstow_.backupd({"once"});
  deliver(50);
  schedule("backup", "daily 02:30");
  started_before("backup", std::chrono::hours(72));
  {
    programs::OwnedClock clock(programs::noon_in_four_months());
    const servers::SilentServer silent(server_, servers::From::kServer, 200'000);
    use(silent.url());
    start(clock.environment());
    ASSERT_TRUE(silent.falls_silent());
    ::kill(catch_job(), SIGSTOP);
    signal_daemon(SIGTERM);
    wait_until([&] { return manager_.said().find("STOPPING=1") != std::string::npos; });
    clock.let_pass(std::chrono::seconds(18));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    EXPECT_TRUE(daemon_->is_running()) << "it has seconds left";
    clock.let_pass(std::chrono::seconds(8));
    wait_until([&] { return !daemon_->is_running(); });
  }
  EXPECT_EQ(mailstow_.backupd({"check", "--read-data"}).status, 0);
  use(server_.plain_url());
  expect_that_it_is_taken_up_again("backup");
  EXPECT_EQ(mailstow_.restore_json({"snapshots", "alice"})["snapshots"].back()["messages"], 100);
}

TEST_F(DaemonEndTest, ReportsACrashedJobAtOnce) {
  const servers::MailServer mail_server;
  const std::string events = (mailstow_.directory() / "events").string();
  mailstow_.config()["mail"] = mail_server.config();
  mailstow_.config()["reports"]["to"] = {"admin@example.org"};
  mailstow_.config()["hooks"] = {
      {{"command", {"sh", "-c", "echo $MAILSTOW_JOB $MAILSTOW_EVENT >> " + events}},
       {"jobs", {"backup"}}}};
  deliver(50);
  const servers::SilentServer silent(server_, servers::From::kServer, 200'000);
  use(silent.url());
  start();
  EXPECT_EQ(mailstow_.backupd({"run", "--now", "backup"}).status, 0);
  ASSERT_TRUE(silent.falls_silent());
  // As the kernel does when memory runs out.
  ::kill(catch_job(), SIGKILL);
  wait_until([&] { return !mail_server.mail().empty(); });
  const json letter = mail_server.mail().front();
  EXPECT_EQ(letter["headers"]["Subject"],
            "mailstow on backup.example.org: backup: its end was not recorded");
  EXPECT_EQ(job("backup")["last_exit_status"], 128 + SIGKILL);
  EXPECT_THAT(record_of("backup")["error"].get<std::string>(), HasSubstr("it was killed, "));
  EXPECT_EQ(tests::text_of(events), "backup start\nbackup failure\n");
  EXPECT_THAT(log(), AllOf(HasSubstr("backup: ended by signal 9"),
                           HasSubstr("backup: its end was not recorded: it was killed, ")));
}

TEST_F(DaemonEndTest, SendsInterruptedMailWhenTheDaemonRestarts) {
  const servers::MailServer mail_server;
  mailstow_.config()["mail"] = mail_server.config();
  mailstow_.config()["reports"]["to"] = {"admin@example.org"};
  // An IMAP server greets at once, so a bare listening socket plays the mail server that never
  // does.
  const base::Fd silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::listen(silent.get(), 8), 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size);
  mailstow_.config()["mail"]["url"] = "smtp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  mailstow_.save();
  start();
  EXPECT_EQ(mailstow_.backupd({"run", "--now", "backup"}).status, 0);
  const base::Path kept = mailstow_.index() / "jobs" / "backup.letter";
  wait_until([&] { return std::filesystem::exists(kept); });
  // Kill the job, as the daemon does when the grace period is over.
  const pid_t backup = catch_job();
  ::kill(daemon_->pid(), SIGTERM);
  ::kill(backup, SIGKILL);
  wait_until([&] { return !daemon_->is_running(); });
  EXPECT_EQ(record_of("backup")["exit_status"], 0) << "it was done";
  EXPECT_THAT(mail_server.mail(), SizeIs(0));
  EXPECT_TRUE(std::filesystem::exists(kept));

  mailstow_.config()["mail"] = mail_server.config();
  mailstow_.save();
  start();
  wait_until([&] { return !std::filesystem::exists(kept); });
  const auto mail = mail_server.mail();
  ASSERT_THAT(mail, SizeIs(1));
  EXPECT_EQ(mail[0]["headers"]["Subject"],
            "mailstow on backup.example.org: backup complete: 2 accounts");
}

}  // namespace
}  // namespace backupd
