// `mailstow-backupd run` as systemd runs it, with its own store and a real Dovecot. Its schedule
// has only what the test adds.
#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/handle.h"
#include "tests/backupd/daemon/daemon_answer.h"
#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/process.h"
#include "tests/text_of.h"

namespace backupd {

// Receives notifications as systemd does.
class ServiceManager {
 public:
  explicit ServiceManager(const base::Path& path)
      : path_(path), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  std::string environment() const { return "NOTIFY_SOCKET=" + path_.string(); }

  void forget() {
    said();
    said_.clear();
  }

  // All messages so far, one per line.
  std::string said() {
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
      said_ += std::string(buffer.data(), static_cast<std::size_t>(count)) + "\n";
    }
    return said_;
  }

 private:
  base::Path path_;
  base::Fd socket_;
  std::string said_;
};

class DaemonTest : public testing::Test {
 protected:
  using json = programs::json;

  DaemonTest() {
    for (const char* job : {"backup", "prune", "check", "sweep", "drill"}) schedule(job, "never");
    mailstow_.config()["schedule"]["jitter"] = "0s";
    mailstow_.save();
    mailstow_.make_store();
  }

  void schedule(const std::string& job, const std::string& expression) {
    mailstow_.config()["schedule"][job] = expression;
    mailstow_.save();
  }

  // Sets the last start of the job to that long ago.
  void started_before(const std::string& job, std::chrono::seconds ago) {
    const auto now = std::chrono::system_clock::now() - ago;
    std::ofstream(mailstow_.index() / "starts")
        << json{{job, std::chrono::system_clock::to_time_t(now)}};
  }

  // Starts the daemon with `more` added to its environment.
  void start(const std::vector<std::string>& more = {}) {
    std::vector<std::string> environment = {"PATH=/usr/bin:/bin", manager_.environment(),
                                            "WATCHDOG_USEC=1000000"};
    environment.insert(environment.end(), more.begin(), more.end());
    manager_.forget();
    daemon_ =
        std::make_unique<servers::Process>(mailstow_.backupd_command({"run"}), environment,
                                           servers::Account{::getuid(), ::getgid()}, log_file());
    wait_until([&] { return manager_.said().find("READY=1") != std::string::npos; });
  }

  // The kernel keeps ten notifications that were not received and drops the next; the daemon sends
  // one each time that it wakes. Receive those so far, so that what it says to the signal arrives.
  void signal_daemon(int number) {
    manager_.said();
    ::kill(daemon_->pid(), number);
  }

  template <typename Condition>
  void wait_until(Condition is_true) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!is_true()) {
      if (std::chrono::steady_clock::now() > deadline) FAIL() << "waited too long: " << log();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  json daemon_status() { return mailstow_.backupd_json({"status"})["daemon"]; }

  json job(const std::string& name) {
    return programs::find_by(daemon_answer(mailstow_)["jobs"], "job", name);
  }

  void wait_for_end_of(const std::string& name) {
    wait_until([&] {
      const json state = job(name);
      return !state["running"].get<bool>() && !state["last_exit_status"].is_null();
    });
  }

  base::Path log_file() const { return mailstow_.directory() / "log"; }

  std::string log() const { return tests::text_of(log_file()); }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  ServiceManager manager_{mailstow_.directory() / "notify"};
  std::unique_ptr<servers::Process> daemon_;
};

}  // namespace backupd
