// An account's pass within the test: over a connection that the test can watch and meddle with, and
// its snapshot held against what the server has.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backupd/report/pass_report.h"
#include "base/clock.h"
#include "base/config/config.h"
#include "imap/transport.h"
#include "store/format/location.h"
#include "store/format/snapshot.h"
#include "tests/servers/server.h"
#include "tests/temporary_directory.h"

namespace backupd {

// What comes between mailstow and its server.
struct Between {
  // Capabilities that the client does not get to see.
  std::vector<std::string> hidden = {};
  // Told of whatever goes out, before it does.
  std::function<void(const std::string& sent)> meddle = {};
  // Told of whatever comes in; true: it doesn't arrive, and the connection is lost.
  std::function<bool(std::string_view received)> breaks = {};
};

class PassRunner {
 public:
  PassRunner(const servers::Server& server, std::string user);

  // Without a server of its own: for run_over() alone.
  explicit PassRunner(std::string user);

  // One pass with its commit.
  AccountReport run(const Between& between = {});

  // The same, over a connection that is logged in already. A lost one is the end.
  AccountReport run_over(std::unique_ptr<imap::Transport> transport);

  // The same, over as many as are needed.
  using Connect = std::function<std::unique_ptr<imap::Transport>()>;
  AccountReport run_over(const Connect& connect);

  // Of the configuration.
  base::ServerConfig& server_config() { return server_config_; }

  // What the last pass waited for, without anybody's time.
  const std::vector<std::chrono::milliseconds>& pauses() const { return clock_.pauses; }

  // What the last pass sent.
  const std::string& sent() const { return sent_; }

  store::SnapshotInfo snapshot() const;

  // Every folder, UID, flag, date, size and byte of the newest snapshot is what the server has.
  void expect_exact() const;

  const store::Location& location() const { return location_; }

  // Where the next pass is in time, beside the pauses.
  void set_ahead(std::chrono::milliseconds ahead) { clock_.ahead = ahead; }

 private:
  struct HastyClock : base::Clock {
    base::TimePoint now() const override { return base::system_clock().now() + ahead; }
    std::chrono::steady_clock::time_point steady_now() const override {
      return base::system_clock().steady_now() + ahead;
    }
    void sleep_for(std::chrono::milliseconds duration) override {
      ahead += duration;
      pauses.push_back(duration);
    }
    std::chrono::milliseconds ahead{0};
    std::vector<std::chrono::milliseconds> pauses;
  };

  const servers::Server* server_ = nullptr;
  std::string user_;
  tests::TemporaryDirectory folder_;
  store::Location location_;
  std::string sent_;
  base::ServerConfig server_config_;
  HastyClock clock_;
};

}  // namespace backupd
