// Loans of the daemon's store to commands that need it exclusively, and the progress of its backup.
#include <atomic>
#include <csignal>
#include <future>

#include "backupd/daemon/control_socket.h"
#include "tests/backupd/daemon/running_daemon.h"
#include "tests/programs/owned_clock.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/silent_server.h"
#include "tests/text_of.h"

namespace backupd {
namespace {

using programs::find_by;
using servers::ProcessResult;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class DaemonLoanTest : public DaemonTest {
 protected:
  DaemonLoanTest() { use(server_.plain_url()); }

  void use(const std::string& url) {
    mailstow_.config()["servers"]["main"]["url"] = url;
    mailstow_.config()["servers"]["main"]["tls"] = "none";
    mailstow_.save();
  }

  std::future<ProcessResult> begin(const std::vector<std::string>& arguments) const {
    return std::async(std::launch::async, [=, this] { return mailstow_.backupd(arguments); });
  }

  // While it runs, printed_by() returns what it has printed so far.
  std::future<ProcessResult> begin_and_listen(const std::string& arguments) const {
    return begin_in_shell("exec " + command_line(arguments) + " 2>" + output_file(arguments));
  }
  std::future<ProcessResult> begin_on_terminal(const std::string& arguments) const {
    return begin_in_shell("script -qefc \"stty cols 200; exec " + command_line(arguments) +
                          "\" /dev/null > " + output_file(arguments));
  }

  std::string printed_by(const std::string& arguments) const {
    return tests::text_of(output_file(arguments));
  }

  void wait_until_told(const std::string& by, const std::string& text) {
    wait_until([&] { return printed_by(by).find(text) != std::string::npos; });
  }

  std::string command_line(const std::string& arguments) const {
    std::string command;
    for (const std::string& word : mailstow_.backupd_command({})) command += "'" + word + "' ";
    return command + arguments;
  }

  std::string output_file(const std::string& arguments) const {
    return mailstow_.directory() / ("printed-by-" + arguments.substr(0, arguments.find(' ')));
  }

  static std::future<ProcessResult> begin_in_shell(const std::string& command) {
    return std::async(std::launch::async, [=] {
      return servers::run_program({"sh", "-c", command});
    });
  }

  // A borrower that requests the store and does nothing with it.
  base::Fd ask() const {
    base::StoreConfig store;
    store.index = mailstow_.index();
    return call_daemon(store, LoanRequest{"the test"});
  }

  json loans() { return daemon_status()["loans"]; }

  void wait_until_lent(std::size_t how_many = 1) {
    wait_until([&] {
      const json now = loans();
      return now.size() == how_many && now[0]["lent"] == true;
    });
  }
};

TEST_F(DaemonLoanTest, CommandsWaitForTheBackupAndShowItsProgress) {
  servers::fill_account(server_, "bob", 3);
  mailstow_.backupd({"once"});
  servers::MailGenerator mail(5);
  std::vector<servers::Delivery> letters;
  for (int letter = 0; letter < 100; ++letter) letters.push_back({mail.text(20'000)});
  server_.client("alice").append("INBOX", letters);
  mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
  servers::SilentServer slow(server_, servers::From::kServer, 1'000'000);
  use(slow.url());
  start();
  auto once = begin_on_terminal("once");
  ASSERT_TRUE(slow.falls_silent());
  wait_until([&] { return job("backup")["progress"]["messages"] > 0; });

  const json progress = job("backup")["progress"];
  EXPECT_EQ(progress["account"], "alice");
  EXPECT_EQ(progress["folder"], "INBOX");
  EXPECT_EQ(progress["messages_to_come"], 100);
  EXPECT_GT(progress["bytes_to_come"], 2'000'000);
  EXPECT_EQ(progress["accounts"], 1);
  wait_until([&] { return job("backup")["progress"]["seconds"] > 1.0; });
  EXPECT_GT(job("backup")["progress"]["bytes_per_second"], 0);
  EXPECT_GT(job("backup")["progress"]["seconds_left"], 0);
  EXPECT_THAT(mailstow_.backupd({"status"}).out,
              AllOf(HasSubstr("\nThe backup: "), HasSubstr(" of 100 messages: alice: INBOX\n")));

  auto forget = begin_and_listen("forget bob --yes --json");
  wait_until([&] { return loans().size() == 1; });
  auto prune = begin_on_terminal("prune");
  wait_until([&] { return loans().size() == 2; });
  EXPECT_EQ(loans()[0]["command"], "forget");
  EXPECT_EQ(loans()[0]["lent"], false);
  EXPECT_EQ(loans()[1]["command"], "prune");
  EXPECT_THAT(mailstow_.backupd({"status"}).out,
              HasSubstr("\nWaiting for the store: forget, process"));
  // A command that can run beside a backup does not wait.
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  // A borrower that dies while it waits does not block others.
  {
    const servers::Process dies(mailstow_.backupd_command({"reindex"}), {},
                                {::getuid(), ::getgid()}, mailstow_.directory() / "reindex");
    wait_until([&] { return loans().size() == 3; });
    ::kill(dies.pid(), SIGKILL);
    wait_until([&] { return loans().size() == 2; });
  }
  wait_until_told("once", "s left, ");
  wait_until_told("forget", "forget: the daemon backs up: ");
  wait_until_told("prune", "waiting: the daemon backs up: ");
  slow.speak();

  EXPECT_EQ(once.get().status, 0) << printed_by("once") << log();
  EXPECT_THAT(printed_by("once"), HasSubstr(" of 100 messages: alice: INBOX"));
  const ProcessResult forgotten = forget.get();
  EXPECT_EQ(forgotten.status, 0) << printed_by("forget");
  EXPECT_GE(json::parse(forgotten.out)["dropped"], 1);
  EXPECT_THAT(printed_by("forget"), HasSubstr(": waiting until it is done"));
  EXPECT_EQ(prune.get().status, 0) << printed_by("prune");
  wait_until([&] { return loans().empty(); });
  EXPECT_EQ(find_by(mailstow_.backupd_json({"status"})["accounts"], "account", "alice")["messages"],
            100);
}

TEST_F(DaemonLoanTest, NoJobThatNeedsTheStoreStartsWhileItIsLent) {
  servers::fill_account(server_, "alice", 20);
  start();
  base::Fd borrower = ask();
  wait_until_lent();
  EXPECT_EQ(loans()[0]["process"], ::getpid());
  EXPECT_THAT(mailstow_.backupd({"status"}).out, HasSubstr("\nThe store is lent to the test, "));

  const ProcessResult queued = mailstow_.backupd({"run", "--now", "backup"});
  EXPECT_EQ(queued.status, 0);
  EXPECT_THAT(queued.out, HasSubstr("backup: starts next: the store is lent to the test, process"));
  EXPECT_EQ(mailstow_.backupd({"run", "--now", "sweep"}).status, 0);
  wait_for_end_of("sweep");
  EXPECT_EQ(job("backup")["run"], 0);
  // Each command that needs the store waits for the one before it.
  const std::string key = (mailstow_.directory() / "second.key").string();
  auto add = begin({"key", "add", "--key-file", key, "--json"});
  wait_until_lent(2);
  auto reindex = begin({"reindex"});
  wait_until_lent(3);
  auto repair = begin({"check", "--repair"});
  wait_until_lent(4);
  // A command that only reads does not wait.
  EXPECT_EQ(mailstow_.backupd({"prune", "--dry-run"}).status, 0);
  EXPECT_EQ(mailstow_.backupd({"forget", "bob"}).status, 1);
  EXPECT_EQ(mailstow_.backupd({"key", "list"}).status, 0);

  borrower = base::Fd();  // as if it had died
  EXPECT_TRUE(json::parse(add.get().out)["id"].is_string());
  for (auto* command : {&reindex, &repair}) {
    const ProcessResult result = command->get();
    EXPECT_EQ(result.status, 0) << result.err;
  }
  wait_for_end_of("backup");
  EXPECT_EQ(job("backup")["last_exit_status"], 0) << log();
  EXPECT_EQ(find_by(mailstow_.backupd_json({"status"})["accounts"], "account", "alice")["messages"],
            20);
}

TEST_F(DaemonLoanTest, ADaemonThatEndsLeavesTheStoreToItsBorrowers) {
  servers::fill_account(server_, "alice", 20);
  for (const int ending : {SIGKILL, SIGTERM}) {
    start();
    const base::Fd borrower = ask();
    wait_until_lent();
    auto waits = begin({"prune"});
    wait_until_lent(2);
    ::kill(daemon_->pid(), ending);
    wait_until([&] { return !daemon_->is_running(); });
    EXPECT_EQ(waits.get().status, 0);
  }
  start();
  EXPECT_EQ(mailstow_.backupd({"once"}).status, 0);
}

// A process that locks the store without a loan, on a clock that the test controls.
TEST_F(DaemonLoanTest, WaitsForALockedStoreWithoutFailing) {
  servers::fill_account(server_, "alice", 20);
  const std::string events = (mailstow_.directory() / "events").string();
  mailstow_.config()["hooks"] = {
      {{"command", {"sh", "-c", "echo $MAILSTOW_JOB $MAILSTOW_EVENT >> " + events}},
       {"jobs", {"backup", "prune"}}}};
  mailstow_.save();
  programs::OwnedClock clock(programs::noon_in_four_months());
  start(clock.environment());
  auto lock =
      base::real_file_system().try_lock(mailstow_.store() / "lock", base::LockMode::kExclusive);
  ASSERT_NE(lock, nullptr);
  for (const char* name : {"backup", "prune"}) {
    EXPECT_EQ(mailstow_.backupd({"run", "--now", name}).status, 0);
    wait_until([&] { return job(name)["waits_for_store"] == true; });
  }
  EXPECT_THAT(mailstow_.backupd({"status"}).out, ContainsRegex("backup +waits "));
  const auto let_pass = [&](std::chrono::seconds time) {
    clock.set(clock.now() + time);
    ::kill(daemon_->pid(), SIGHUP);  // the daemon sleeps by the real clock
  };
  const std::string before = job("backup")["last_start"];
  let_pass(std::chrono::seconds(16));
  wait_until([&] { return job("backup")["last_start"] != before; });
  wait_until([&] { return job("backup")["running"] == false; });
  EXPECT_THAT(mailstow_.backupd_json({"status"})["jobs"], IsEmpty()) << "nothing has ended";
  EXPECT_FALSE(std::filesystem::exists(events));
  const std::string so_far = log();
  EXPECT_THAT(so_far, AllOf(HasSubstr("backup: waiting: another process holds the store"),
                            HasSubstr("prune: waiting: "), Not(HasSubstr("exit status"))));
  EXPECT_EQ(so_far.find("backup: waiting"), so_far.rfind("backup: waiting")) << "logged once";

  lock.reset();
  let_pass(std::chrono::seconds(16));
  for (const char* name : {"backup", "prune"}) {
    wait_until([&] { return job(name)["last_exit_status"] == 0; });
    EXPECT_EQ(job(name)["run"], 1);
  }
  EXPECT_THAT(tests::text_of(events), AllOf(HasSubstr("backup start\nbackup success\n"),
                                            HasSubstr("prune start\nprune success\n")));
}

// The daemon may bring the copies up to date meanwhile.
TEST_F(DaemonLoanTest, APruneLooksAtTheCopiesOnceItHasTheStore) {
  servers::fill_account(server_, "alice", 20);
  const base::Path copy = mailstow_.directory() / "nas";
  mailstow_.config()["copies"] = {{{"name", "nas"}, {"path", copy.string()}}};
  schedule("copy", "never");
  ASSERT_EQ(mailstow_.backupd({"once"}).status, 0);
  ASSERT_EQ(mailstow_.backupd({"copy"}).status, 0);
  start();
  base::Fd borrower = ask();
  wait_until_lent();
  auto lock = base::real_file_system().try_lock(copy / "lock", base::LockMode::kExclusive);
  ASSERT_NE(lock, nullptr);
  auto prune = begin({"prune", "--skip-grace"});
  wait_until_lent(2);
  lock.reset();
  borrower = base::Fd();
  const ProcessResult result = prune.get();
  EXPECT_EQ(result.status, 0) << result.err;
}

// On a full disk, nothing can be read before the reserve is given up, which needs the store.
TEST_F(DaemonLoanTest, ForgetWaitsForTheStoreBeforeItReads) {
  servers::fill_account(server_, "alice", 20);
  ASSERT_EQ(mailstow_.backupd({"once"}).status, 0);
  start();
  base::Fd borrower = ask();
  wait_until_lent();
  auto forget = begin({"forget", "carol", "--yes"});
  wait_until_lent(2);
  borrower = base::Fd();
  const ProcessResult result = forget.get();
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("the store has no snapshots of it"));
}

// A first copy may take hours, and the one that the daemon starts meanwhile has not failed.
TEST_F(DaemonLoanTest, WaitsForALockedCopyWithoutFailing) {
  const base::Path copy = mailstow_.directory() / "nas";
  mailstow_.config()["copies"] = {{{"name", "nas"}, {"path", copy.string()}}};
  schedule("copy", "never");
  ASSERT_EQ(mailstow_.backupd({"copy"}).status, 0);
  const std::string events = (mailstow_.directory() / "events").string();
  mailstow_.config()["hooks"] = {
      {{"command", {"sh", "-c", "echo $MAILSTOW_JOB $MAILSTOW_EVENT >> " + events}},
       {"jobs", {"copy"}}}};
  mailstow_.save();
  programs::OwnedClock clock(programs::noon_in_four_months());
  start(clock.environment());
  auto lock = base::real_file_system().try_lock(copy / "lock", base::LockMode::kExclusive);
  ASSERT_NE(lock, nullptr);
  EXPECT_EQ(mailstow_.backupd({"run", "--now", "copy"}).status, 0);
  wait_until([&] { return job("copy")["waits_for_store"] == true; });
  EXPECT_FALSE(std::filesystem::exists(events));
  EXPECT_THAT(log(), HasSubstr("copy: waiting: another process holds the copy"));

  lock.reset();
  clock.set(clock.now() + std::chrono::seconds(16));
  ::kill(daemon_->pid(), SIGHUP);  // the daemon sleeps by the real clock
  wait_until([&] { return job("copy")["last_exit_status"] == 0; });
  EXPECT_EQ(tests::text_of(events), "copy start\ncopy success\n");
}

}  // namespace
}  // namespace backupd
