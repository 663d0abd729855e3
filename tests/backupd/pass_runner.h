// An account's pass within the test: over a connection that the test can watch and meddle with, and
// its snapshot held against what the server has.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backupd/pass_report.h"
#include "base/clock.h"
#include "imap/transport.h"
#include "store/location.h"
#include "store/snapshot.h"
#include "tests/servers/server.h"
#include "tests/temporary_folder.h"

namespace backupd {

// What comes between mailstow and its server.
struct Between {
  // Capabilities that the client does not get to see.
  std::vector<std::string> hidden;
  // Told of whatever goes out, before it does.
  std::function<void(const std::string& sent)> meddle;
};

class PassRunner {
 public:
  PassRunner(const servers::Server& server, std::string user);

  // Without a server of its own: for run_over() alone.
  explicit PassRunner(std::string user);

  // One pass with its commit.
  AccountReport run(const Between& between = {});

  // The same, over a connection that is logged in already.
  AccountReport run_over(std::unique_ptr<imap::Transport> transport);

  // What the last pass sent.
  const std::string& sent() const { return sent_; }

  store::SnapshotInfo snapshot() const;

  // Every folder, UID, flag, date, size and byte of the newest snapshot is what the server has.
  void expect_exact() const;

  const store::Location& location() const { return location_; }

 private:
  const servers::Server* server_ = nullptr;
  std::string user_;
  tests::TemporaryFolder folder_;
  store::Location location_;
  std::string sent_;
};

}  // namespace backupd
