// First backups of many small folders over two connections.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/backupd/pass/folders_ahead_fixture.h"

namespace backupd {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// With those of the fixture, enough for a second connection.
constexpr int kMore = 540;

class SpareReaderTest : public FoldersAheadFixture {
 protected:
  SpareReaderTest() {
    runner_.set_connections(2);
    for (int i = 0; i < kMore; ++i) {
      OddFolder& folder = server_.folder(more(i));
      folder.message(1, fmt::format("Subject: {} of many\r\n\r\n", i));
      if (i % 2 == 1) folder.message(3, fmt::format("Subject: another of {}\r\n\r\n", i));
    }
  }

  static std::string more(int folder) { return fmt::format("g{:03}", folder); }

  // How often the connection opened any of these folders.
  int opened_over(int connection) const { return times_over(connection, "EXAMINE \"g"); }

  // The commands from one to before another by which the first connection opened these folders.
  std::set<std::string> folders_of_first(std::size_t begin, std::size_t end) const {
    std::set<std::string> commands;
    for (std::size_t at = begin; at < end; ++at) {
      const std::string& command = server_.heard()[at];
      if (command.starts_with("EXAMINE \"g") && server_.speakers()[at] == 1) {
        commands.insert(command);
      }
    }
    return commands;
  }

  // Whether this command, which is answered now, is the n-th EXAMINE of the second connection.
  bool is_opening_of_second(const std::string& command, int number) const {
    return command.starts_with("EXAMINE \"g") && server_.speakers().back() == 2 &&
           opened_over(2) == number;
  }

  void expect_everything(const std::vector<std::string>& missing = {}) {
    expect_all_but(missing);
    std::vector<std::string> folders;
    for (int i = 0; i < kMore; ++i) {
      const bool is_there = server_.find(more(i)) != nullptr;
      if (is_there && std::ranges::count(missing, more(i)) == 0) folders.push_back(more(i));
    }
    expect_stored(folders);
  }
};

TEST_F(SpareReaderTest, BothConnectionsReadFolders) {
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings, IsEmpty());
  expect_everything();
  EXPECT_EQ(server_.connections(), 2);
  EXPECT_GT(opened_over(1), 80);
  EXPECT_GT(opened_over(2), 80);
  EXPECT_LE(opened_over(1) + opened_over(2), kMore + 200) << "each proves its order";
}

TEST_F(SpareReaderTest, OneConnectionIfTheConfigurationAllowsNoMore) {
  runner_.set_connections(1);
  EXPECT_EQ(run().status, PassStatus::kComplete);
  expect_everything();
  EXPECT_EQ(server_.connections(), 1);
}

// A folder that has become large since it was listed finds the second connection in use.
TEST_F(SpareReaderTest, ALargeFolderDoesNotExceedWhatTheConfigurationAllows) {
  constexpr std::uint32_t kListed = 990;   // messages
  constexpr std::uint32_t kLarge = 1'200;  // enough for a second connection
  OddFolder& folder = server_.folder("growing");
  const auto deliver = [&folder](std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t uid = first; uid <= last; ++uid) {
      folder.message(uid, fmt::format("Subject: {} of many\r\n\r\n", uid));
    }
  };
  deliver(1, kListed);
  server_.before = [&, has_grown = false](const std::string& command) mutable {
    const bool is_opened = command == "EXAMINE \"growing\"";
    if (is_opened && !std::exchange(has_grown, true)) deliver(kListed + 1, kLarge);
    return std::string();
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  expect_everything();
  EXPECT_EQ(folder.messages.size(), kLarge) << "it was opened";
  EXPECT_EQ(server_.connections(), 2);
}

TEST_F(SpareReaderTest, OneConnectionForFewerFolders) {
  for (int i = 400; i < kMore; ++i) server_.remove(more(i));
  EXPECT_EQ(run().status, PassStatus::kComplete);
  expect_everything();
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(SpareReaderTest, TheSecondConnectionIsTriedOnce) {
  int tried = 0;
  const AccountReport report = runner_.run_over([&, connect = server_.connect()] {
    if (++tried > 1) base::fail(base::ErrorCode::kNetwork, "too many connections");
    return connect();
  });
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(tried, 2);
  expect_everything();
}

TEST_F(SpareReaderTest, AConnectionToAnotherMailboxReadsNothing) {
  server_.before = [&](const std::string&) {
    server_.folder("INBOX").uid_validity = server_.speakers().back() == 2 ? "8" : "7";
    return std::string();
  };
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(server_.connections(), 2);
  EXPECT_EQ(opened_over(2), 0);
  expect_everything();
}

// The folders that the first one had requested by then are not requested once more.
TEST_F(SpareReaderTest, ALostConnectionLosesNoFolder) {
  server_.loses_answers = true;
  std::size_t heard = 0;  // when it was lost
  server_.before = [&](const std::string& command) {
    const bool is_lost = is_opening_of_second(command, 100);
    if (is_lost) heard = server_.heard().size();
    return std::string(is_lost ? kHangUp : "");
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings, IsEmpty());
  EXPECT_THAT(runner_.pauses(), IsEmpty());
  EXPECT_EQ(server_.connections(), 2);
  EXPECT_EQ(opened_over(2), 100);
  const std::set<std::string> earlier = folders_of_first(0, heard);
  const std::set<std::string> later = folders_of_first(heard, server_.heard().size());
  EXPECT_GT(later.size(), 100U);
  for (const std::string& command : later) EXPECT_FALSE(earlier.contains(command)) << command;
  expect_everything();
}

TEST_F(SpareReaderTest, TheFirstConnectionGoesOnIfTheSecondIsToWait) {
  server_.before = [&](const std::string& command) {
    return std::string(is_opening_of_second(command, 100)
                           ? "NO Suggested Backoff Time: 7200000 milliseconds"
                           : "");
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(runner_.pauses(), IsEmpty());
  EXPECT_EQ(server_.connections(), 2);
  expect_everything();
}

TEST_F(SpareReaderTest, OnlyTheFolderThatBreaksEachConnectionIsGivenUp) {
  break_over("EXAMINE \"g300\"");
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_EQ(report.skipped[0].folder, "g300");
  EXPECT_LE(server_.connections(), 8);
  expect_everything({"g300"});
}

// The second connection leads to a server that carries out UID FETCH before it opens the folder.
TEST_F(SpareReaderTest, MessagesOfAnotherFolderOverTheSecondConnectionAreNoticed) {
  for (int i = 0; i < kMore; ++i) {
    OddFolder& folder = server_.folder(more(i));
    folder.messages.clear();
    folder.message(1, fmt::format("Subject: in {}\r\n\r\n", more(i)));
  }
  server_.before = [&](const std::string&) {
    server_.opens_late = server_.speakers().back() == 2;
    return std::string();
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings, testing::Contains(HasSubstr("the server sent other messages")));
  EXPECT_LT(opened_over(2), 10);
  expect_everything();
}

TEST_F(SpareReaderTest, LinesOfTheSecondConnectionThatAreNotUnderstoodAreReported) {
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (is_opening_of_second(command, 50)) answer.insert(0, "* STATUS (\"\r\n");
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings, testing::Contains(HasSubstr("not understood")));
  expect_everything();
}

}  // namespace
}  // namespace backupd
