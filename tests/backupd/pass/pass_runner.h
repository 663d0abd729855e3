// Runs an account's pass within the test, over a connection that the test can watch and manipulate,
// and compares its snapshot with the server.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backupd/report/pass_report.h"
#include "base/config/config.h"
#include "imap/transport.h"
#include "store/format/location.h"
#include "store/format/snapshot.h"
#include "tests/backupd/pass/hasty_clock.h"
#include "tests/backupd/pass/in_process_pass.h"
#include "tests/servers/server.h"
#include "tests/temporary_directory.h"

namespace backupd {

// Intercepts the traffic between mailstow and its server.
struct Between {
  // Capabilities that are hidden from the client.
  std::vector<std::string> hidden = {};
  // Called with everything that is sent, before it is sent.
  std::function<void(const std::string& sent)> meddle = {};
  // Called with everything that is received; true: drop it and lose the connection.
  std::function<bool(std::string_view received)> breaks = {};
};

class PassRunner {
 public:
  PassRunner(const servers::Server& server, std::string user);

  // Without a server of its own: only for run_over().
  explicit PassRunner(std::string user);

  // Runs one pass and commits.
  AccountReport run(const Between& between = {});

  // The same, over a connection that is already logged in. If it is lost, the pass ends.
  AccountReport run_over(std::unique_ptr<imap::Transport> transport);

  // The same, over as many connections as are needed.
  using Connect = backupd::Connect;
  AccountReport run_over(const Connect& connect);

  // The same for several accounts, at the same time.
  std::vector<AccountReport> run_together(std::span<const PassAccount> accounts);

  // The account's settings in the configuration.
  base::ServerConfig& server_config() { return server_config_; }

  // How many connections the account may have; by default one.
  void set_connections(unsigned connections) { connections_ = connections; }

  // The pauses of the last pass, which take no real time.
  const std::vector<std::chrono::milliseconds>& pauses() const { return clock_.pauses(); }

  // The commands that the last pass sent.
  const std::string& sent() const { return sent_; }

  store::SnapshotInfo snapshot() const;

  // Expects every folder, UID, flag, date, size and byte of the newest snapshot to match the
  // server.
  void expect_exact() const;

  const store::Location& location() const { return location_; }
  store::Location& location() { return location_; }  // for the next pass

  // Moves the time of the next pass, in addition to the pauses.
  void set_ahead(std::chrono::milliseconds ahead) { clock_.set_ahead(ahead); }
  HastyClock& clock() { return clock_; }

  // Lets time pass. Any thread.
  void pass_time(std::chrono::milliseconds time) { clock_.set_ahead(clock_.ahead() + time); }

 private:
  const servers::Server* server_ = nullptr;
  std::string user_;
  tests::TemporaryDirectory directory_;
  store::Location location_;
  std::string sent_;
  base::ServerConfig server_config_;
  unsigned connections_ = 1;
  HastyClock clock_;
};

}  // namespace backupd
