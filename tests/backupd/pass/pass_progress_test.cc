#include "backupd/pass/pass_progress.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"

namespace backupd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

PassProgress half_done() {
  PassProgress progress;
  progress.account = "alice";
  progress.folder = "Archive/2023";
  progress.accounts = 1;
  progress.messages = 1'204;
  progress.messages_to_come = 2'408;
  progress.bytes = 50'000'000;
  progress.bytes_to_come = 100'000'000;
  return progress;
}

TEST(PassProgressTest, ShowsThePositionAndTheTimeLeft) {
  PassProgress progress = half_done();
  EXPECT_EQ(
      describe(progress, seconds(10)),
      "50.0 MB of 100.0 MB, 5.0 MB/s, 10s left, 1,204 of 2,408 messages: alice: Archive/2023");
  EXPECT_EQ(describe(progress, seconds(100)),
            "50.0 MB of 100.0 MB, 500.0 kB/s, 1m 40s left, 1,204 of 2,408 messages: alice: "
            "Archive/2023");
  EXPECT_EQ(describe(progress, milliseconds(900)),
            "50.0 MB of 100.0 MB, 1,204 of 2,408 messages: alice: Archive/2023")
      << "too early for a rate";
  progress.accounts = 1'000;
  progress.accounts_done = 12;
  EXPECT_THAT(describe(progress, seconds(10)),
              HasSubstr("2,408 messages, 12 of 1,000 accounts: alice: Archive/2023"));
}

TEST(PassProgressTest, BeforeTheFirstFolderThereIsNoName) {
  EXPECT_EQ(describe(PassProgress(), seconds(0)), "0 B, 0 messages");
}

// Without STATUS=SIZE.
TEST(PassProgressTest, CountsMessagesIfTheServerReportsNoSizes) {
  PassProgress progress = half_done();
  progress.bytes_to_come = 0;
  EXPECT_EQ(describe(progress, seconds(10)),
            "50.0 MB, 5.0 MB/s, 10s left, 1,204 of 2,408 messages: alice: Archive/2023");
  progress.messages_to_come = 0;
  EXPECT_EQ(describe(progress, seconds(10)),
            "50.0 MB, 5.0 MB/s, 1,204 messages: alice: Archive/2023");
}

TEST(PassProgressTest, MoreThanExpectedIsNoNegativeTime) {
  PassProgress progress = half_done();
  progress.bytes = 100'000'001;
  progress.messages = 2'409;
  EXPECT_EQ(describe(progress, seconds(10)),
            "100.0 MB, 10.0 MB/s, 2,409 messages: alice: Archive/2023");
}

TEST(PassProgressTest, ReadsTheDocumentThatItWrites) {
  PassProgress progress = half_done();
  const auto document = to_json({progress, seconds(10)});
  EXPECT_EQ(document["bytes_per_second"], 5'000'000);
  EXPECT_EQ(document["seconds_left"], 10);
  EXPECT_EQ(to_json({progress, milliseconds(900)})["seconds_left"], nullptr);
  const auto back = progress_in(document.dump());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(describe(back->progress, back->elapsed), describe(progress, seconds(10)));
  EXPECT_EQ(to_json(*back), document);
  for (const char* rubbish : {"", "[]", "{}", R"({"account":1})", "\xff"}) {
    EXPECT_FALSE(progress_in(rubbish).has_value()) << rubbish;
  }
  progress.folder = std::string(100'000, 'x');
  EXPECT_LT(to_json({progress, seconds(1)}).dump().size(), 4'000U);
}

TEST(PassProgressTest, OneUnknownSizeMakesTheSumUnknown) {
  ProgressBoard board(2, base::system_clock());
  board.expect(10, 1'000);
  board.expect(20, 500);
  EXPECT_EQ(board.progress().bytes_to_come, 1'500U);
  board.expect(30, std::nullopt);
  EXPECT_EQ(board.progress().bytes_to_come, 0U);
  board.expect(40, 2'000);
  EXPECT_EQ(board.progress().bytes_to_come, 0U);
  EXPECT_EQ(board.progress().messages_to_come, 100U);
}

TEST(PassProgressTest, PrintsOneLineOnlyToATerminal) {
  servers::Dovecot server;
  programs::Installation mailstow(server);
  mailstow.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
  mailstow.save();
  mailstow.make_store();
  servers::fill_account(server, "alice", 60);
  std::string command = "stty cols 60; exec";
  for (const std::string& word : mailstow.backupd_command({"once"})) command += " '" + word + "'";
  const std::string shown = servers::run_program({"script", "-qec", command, "/dev/null"}).out;
  EXPECT_THAT(shown, HasSubstr(" of 60 messages: alice: "));
  const std::string erase = "\r\x1b[K";
  const std::size_t line = shown.find(erase + "0 B");
  ASSERT_NE(line, std::string::npos) << shown;
  const std::size_t begin = line + erase.size();
  const std::size_t end = shown.find_first_of("\r\n", begin);
  const std::string text = shown.substr(begin, end - begin);
  const auto characters = std::count_if(text.begin(), text.end(),
                                        [](unsigned char byte) { return (byte & 0xC0U) != 0x80U; });
  EXPECT_LT(characters, 60) << text;
  EXPECT_GT(shown.find("alice: complete"), shown.rfind(erase));

  server.client("alice").command("CREATE another");
  const auto elsewhere = mailstow.backupd({"once"});
  EXPECT_THAT(elsewhere.err, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace backupd
