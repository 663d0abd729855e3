// First backups that read folders over a further connection while the first one still lists others.
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/backupd/pass/odd_server_fixture.h"

namespace backupd {
namespace {

using testing::IsEmpty;

class FoldersWhileListingTest : public OddServerFixture {
 protected:
  static constexpr int kFolders = 1'500;

  FoldersWhileListingTest() {
    runner_.set_connections(2);
    server_.capabilities = "STATUS=SIZE LIST-STATUS";
    server_.lists_status = true;
    for (int i = 0; i < kFolders; ++i) {
      server_.folder(name(i)).message(1, fmt::format("Subject: {}\r\n\r\n", i));
    }
  }

  static std::string name(int folder) { return fmt::format("g{:04}", folder); }

  int opened_over(int connection) const { return times_over(connection, "EXAMINE \"g"); }

  // Expects a complete backup with exactly the server's messages.
  void expect_everything(const AccountReport& report) {
    EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
    EXPECT_EQ(names().size(), kFolders + 1U);
    std::vector<std::string> folders;
    for (int i = 0; i < kFolders; ++i) folders.push_back(name(i));
    expect_stored(folders, &report);
  }
};

TEST_F(FoldersWhileListingTest, AreReadOverAnotherConnection) {
  const AccountReport report = run();
  EXPECT_THAT(report.warnings, IsEmpty());
  expect_everything(report);
  EXPECT_EQ(server_.connections(), 2);
  EXPECT_GT(opened_over(2), 1'000);
  EXPECT_LE(opened_over(1) + opened_over(2), kFolders + 200)
      << "each once, but for proofs of the server's order";
  EXPECT_EQ(times_over(1, "LIST"), 2) << "the second one at the end";
  EXPECT_EQ(times_over(2, "LIST"), 0);
}

TEST_F(FoldersWhileListingTest, EveryConnectionIsClosedWithLogout) {
  runner_.set_connections(3);
  expect_everything(run());
  EXPECT_EQ(server_.connections(), 3);
  for (int connection = 1; connection <= server_.connections(); ++connection) {
    EXPECT_EQ(times_over(connection, "LOGOUT"), 1) << connection;
  }
}

TEST_F(FoldersWhileListingTest, AreReadOnceMoreIfTheyHaveChangedMeanwhile) {
  server_.before = [&, has_changed = false](const std::string& command) mutable {
    if (command == "EXAMINE \"g0700\"" && !std::exchange(has_changed, true)) {
      server_.folder(name(700)).message(2, "Subject: late\r\n\r\n");
      server_.folder(name(20)).message(2, "Subject: later\r\n\r\n");
    }
    return std::string();
  };
  expect_everything(run());
  EXPECT_EQ(times_over(1, "LIST"), 3);
}

TEST_F(FoldersWhileListingTest, AreReadLaterOverTheOnlyConnection) {
  runner_.set_connections(1);
  expect_everything(run());
  EXPECT_EQ(server_.connections(), 1);
  EXPECT_EQ(times_over(1, "LIST"), 2);
}

TEST_F(FoldersWhileListingTest, AreReadLaterIfThereIsNoOtherConnection) {
  int tried = 0;
  const AccountReport report = runner_.run_over([&, connect = server_.connect()] {
    if (++tried > 1) base::fail(base::ErrorCode::kNetwork, "too many connections");
    return connect();
  });
  expect_everything(report);
  EXPECT_THAT(runner_.pauses(), IsEmpty());
}

TEST_F(FoldersWhileListingTest, AreReadLaterIfInboxDoesNotShowWhoseMailboxItIs) {
  server_.before = [](const std::string& command) {
    return std::string(command.starts_with("STATUS \"INBOX\"") ? "NO it is on fire" : "");
  };
  expect_everything(run());
  EXPECT_GT(opened_over(1), 100);
}

TEST_F(FoldersWhileListingTest, AreNotReadOverAConnectionToAnotherMailbox) {
  server_.before = [&](const std::string&) {
    server_.folder("INBOX").uid_validity = server_.speakers().back() == 1 ? "7" : "8";
    return std::string();
  };
  expect_everything(run());
  EXPECT_EQ(opened_over(2), 0);
}

TEST_F(FoldersWhileListingTest, AreReadToTheEndAfterTheConnectionIsLost) {
  server_.loses_answers = true;
  server_.before = [&, is_lost = false](const std::string& command) mutable {
    const bool is_it = !is_lost && command == "EXAMINE \"g0300\"" && server_.speakers().back() == 2;
    is_lost |= is_it;
    return std::string(is_it ? kHangUp : "");
  };
  expect_everything(run());
  EXPECT_EQ(runner_.pauses().size(), 1U);
  EXPECT_EQ(times_over(3, "LIST \"\" \"*\" RETURN"), 2) << "the list is not to blame";
}

}  // namespace
}  // namespace backupd
