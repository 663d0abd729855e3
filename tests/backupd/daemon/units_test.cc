// Operation without the daemon: the commands of the timers' services, line by line, on a real
// server.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"

namespace backupd {
namespace {

using programs::json;

// The command of a unit in scripts/systemd, its program and its arguments.
std::vector<std::string> exec_start(const std::string& unit) {
  std::ifstream file(base::Path(MAILSTOW_SOURCE_DIRECTORY) / "scripts/systemd" / unit);
  constexpr std::string_view kKey = "ExecStart=/usr/bin/";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kKey)) continue;
    std::istringstream words(line.substr(kKey.size()));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

class UnitsTest : public testing::Test {
 protected:
  servers::ProcessResult run(const std::string& unit) {
    const std::vector<std::string> command = exec_start(unit);
    EXPECT_GE(command.size(), 2U) << unit;
    const std::vector<std::string> arguments(command.begin() + 1, command.end());
    return command.front() == "mailstow-backupd" ? mailstow_.backupd(arguments)
                                                 : mailstow_.restore(arguments);
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(UnitsTest, BackUpSweepAndPrune) {
  servers::fill_account(server_, "alice", 30);
  mailstow_.backupd({"init"});
  const auto before = servers::account_state(server_, "alice");
  EXPECT_EQ(run("mailstow-backup.service").status, 0);
  mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  EXPECT_EQ(servers::account_state(server_, "alice", "RESTORED").message_count(), 30U);
  EXPECT_EQ(run("mailstow-sweep.service").status, 0);
  EXPECT_EQ(servers::account_state(server_, "alice").folders, before.folders);
  EXPECT_EQ(run("mailstow-prune.service").status, 0);
  const auto check = run("mailstow-check.service");
  EXPECT_EQ(check.status, 0);
  EXPECT_THAT(check.out, testing::HasSubstr("The store is intact"));
  const base::Path copy = mailstow_.directory() / "copy";
  mailstow_.config()["copies"] = {{{"name", "nas"}, {"path", copy.string()}}};
  mailstow_.save();
  EXPECT_EQ(run("mailstow-copy.service").status, 0);
  EXPECT_EQ(mailstow_.backupd({"check", "--copy", copy.string()}).status, 0);
}

TEST_F(UnitsTest, StartTheDaemon) {
  EXPECT_THAT(exec_start("mailstow.service"), testing::ElementsAre("mailstow-backupd", "run"));
}

}  // namespace
}  // namespace backupd
