// A connection is lost during a pass: the pass continues where it was, over another one.
#include <algorithm>

#include <gmock/gmock.h>

#include "tests/backupd/pass/odd_server.h"
#include "tests/backupd/pass/pass_runner.h"
#include "tests/programs/installation.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/relay.h"

namespace backupd {
namespace {

using programs::json;
using std::chrono::milliseconds;
using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LostConnectionTest : public testing::Test {
 protected:
  LostConnectionTest() {
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.make_store();
  }

  json once(const servers::Relay& relay, int status = 0) {
    json& server = mailstow_.config()["servers"]["main"];
    server["url"] = relay.url();
    server["tls"] = "none";
    server["connections_per_account"] = 1;
    mailstow_.save();
    return mailstow_.backupd_json({"once"}, status)["accounts"][0];
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(LostConnectionTest, FetchesEveryMessageExactlyOnce) {
  servers::fill_account(server_, "alice", 200);
  std::uint64_t bytes = 0;
  for (const auto& [name, folder] : servers::account_state(server_, "alice").folders) {
    for (const auto& message : folder.messages) bytes += message.size;
  }
  // Each connection is lost after this many bytes.
  const auto cut = [&](unsigned connection) -> std::optional<std::uint64_t> {
    if (connection > 2) return std::nullopt;
    return bytes / 4 + 10'000;
  };
  const servers::Relay relay(server_, {.cut = cut});
  const json account = once(relay);
  EXPECT_EQ(relay.connections(), 4U);
  EXPECT_EQ(account["status"], "complete");
  EXPECT_EQ(account["fetched_bytes"], bytes);
  EXPECT_EQ(account["skipped"], json::array());
  EXPECT_FALSE(account.contains("error"));
  programs::expect_receipts(account, servers::account_state(server_, "alice"));
}

// As Dovecot does for a message that it can't read.
TEST_F(LostConnectionTest, AMessageThatBreaksTheConnectionIsSkippedAndTheRestFetched) {
  servers::MailGenerator mail(4);
  std::vector<servers::Delivery> letters;
  for (int letter = 0; letter < 20; ++letter) letters.push_back({mail.text(3'000)});
  letters[7].bytes = "Subject: broken\r\n\r\nthe server chokes on this\r\n";
  server_.client("alice").append("INBOX", letters);
  PassRunner runner(server_, "alice");
  // The words may arrive in two pieces.
  constexpr std::string_view kWords = "chokes on this";
  std::string read;
  const AccountReport report =
      runner.run({.hidden = {}, .meddle = {}, .breaks = [&](std::string_view received) {
                    read += received;
                    const bool has_words = read.find(kWords) != std::string::npos;
                    read.erase(0, read.size() - std::min(read.size(), kWords.size() - 1));
                    return has_words;
                  }});
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_EQ(report.error, "");
  EXPECT_EQ(runner.snapshot().messages, 19U);
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_EQ(report.skipped[0].uid, base::Uid{8});
  EXPECT_THAT(report.skipped[0].reason, HasSubstr("each time it was requested"));
  EXPECT_EQ(runner.run().new_messages, 1U);
  runner.expect_exact();
}

// "FETCH failed: Mailbox was deleted under us": Dovecot closes the connection.
TEST_F(LostConnectionTest, AFolderDeletedDuringItsFetchIsSimplyGone) {
  servers::MailGenerator mail(5);
  auto alice = server_.client("alice");
  for (const char* folder : {"Doomed", "Zebra"}) {
    alice.command(std::string("CREATE ") + folder);
    std::vector<servers::Delivery> letters;
    for (int letter = 0; letter < 60; ++letter) letters.push_back({mail.text(100'000)});
    alice.append(folder, letters);
  }
  PassRunner runner(server_, "alice");
  bool is_open = false;
  bool is_done = false;
  const AccountReport report =
      runner.run({.hidden = {}, .meddle = [&](const std::string& sent) {
                    is_open |= sent.find("EXAMINE \"Doomed\"") != std::string::npos;
                    if (is_done || !is_open || sent.find("BODY.PEEK[]") == std::string::npos) {
                      return;
                    }
                    is_done = true;
                    alice.command("DELETE Doomed");
                  }});
  EXPECT_TRUE(is_done);
  EXPECT_EQ(report.status, PassStatus::kComplete);
  EXPECT_EQ(report.error, "");
  EXPECT_THAT(report.skipped, IsEmpty());
  runner.expect_exact();
}

class HangingUpTest : public testing::Test {
 protected:
  HangingUpTest() {
    for (std::uint32_t uid = 1; uid <= 4; ++uid) {
      server_.folder("INBOX").message(uid, "Subject: " + std::to_string(uid) + "\r\n\r\n");
    }
  }
  OddServer server_;
  PassRunner runner_{"alice"};
};

TEST_F(HangingUpTest, WaitsAsLongAsTheServerAsks) {
  std::uint32_t uid = 10;
  for (const char* answer : {"NO", "BAD"}) {
    server_.folder("INBOX").message(uid++, "new");
    bool has_throttled = false;
    server_.before = [&](const std::string& command) -> std::string {
      if (has_throttled || command.find("BODY.PEEK") == std::string::npos) return "";
      has_throttled = true;
      return std::string(answer) +
             " Request is throttled. Suggested Backoff Time: 92415 milliseconds";
    };
    const AccountReport report = runner_.run_over(server_.connect());
    EXPECT_TRUE(has_throttled);
    EXPECT_EQ(report.status, PassStatus::kComplete);
    EXPECT_THAT(report.skipped, IsEmpty());
    EXPECT_THAT(runner_.pauses(), SizeIs(1));
    EXPECT_THAT(runner_.pauses(), Each(Ge(milliseconds(92'415))));
  }
  EXPECT_EQ(runner_.snapshot().messages, 6U);
}

TEST_F(HangingUpTest, LeavesTooLongAPauseToTheNextRun) {
  server_.before = [&](const std::string& command) -> std::string {
    if (command.find("BODY.PEEK") == std::string::npos) return "";
    return "NO Suggested Backoff Time: 900000 milliseconds";
  };
  const AccountReport report = runner_.run_over(server_.connect());
  EXPECT_THAT(report.error, HasSubstr("the server asks to wait: Suggested Backoff"));
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_THAT(runner_.pauses(), IsEmpty());
}

TEST_F(HangingUpTest, GivesUpAServerThatStaysDownAndKeepsArrivedMessages) {
  server_.folder("Sent").message(1, "Subject: sent\r\n\r\n");
  server_.folder("INBOX").messages[2].item = [](int) { return std::string(kHangUp); };
  const auto connect = server_.connect();
  const AccountReport report = runner_.run_over([&] {
    if (server_.connections() > 0) base::fail(base::ErrorCode::kNetwork, "refused");
    return connect();
  });
  EXPECT_EQ(report.error, "refused");
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_EQ(runner_.snapshot().messages, 2U);
  EXPECT_THAT(runner_.pauses(), SizeIs(testing::Gt(6U)));

  server_.folder("INBOX").messages[2].item = {};
  const AccountReport next = runner_.run_over(server_.connect());
  EXPECT_EQ(next.status, PassStatus::kComplete);
  EXPECT_EQ(next.new_messages, 3U) << "it continues there";
  EXPECT_EQ(runner_.snapshot().messages, 5U);
}

TEST_F(HangingUpTest, StopsIfTheNextConnectionOpensADifferentMailbox) {
  OddFolder& inbox = server_.folder("INBOX");
  inbox.messages[2].item = [&](int) {
    inbox.uid_validity = "8";
    return std::string(kHangUp);
  };
  const AccountReport report = runner_.run_over(server_.connect());
  EXPECT_THAT(report.error, HasSubstr("a different mailbox: INBOX is UIDVALIDITY 8"));
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_EQ(runner_.snapshot().messages, 2U) << "of the first one";
  EXPECT_EQ(server_.connections(), 2);
}

TEST_F(HangingUpTest, DoesNotWaitForAServerThatRejectsTheLogin) {
  const AccountReport report = runner_.run_over([&]() -> std::unique_ptr<imap::Transport> {
    base::fail(base::ErrorCode::kNetwork, "refused");
  });
  EXPECT_EQ(report.status, PassStatus::kFailed);
  EXPECT_THAT(runner_.pauses(), IsEmpty());
}

TEST_F(HangingUpTest, NonsenseWithinAnAnswerCountsAsALostConnection) {
  server_.folder("INBOX").messages[1].item = [](int time) {
    return time == 0 ? "BODY[] {99999999999999999999}\r\n" : "BODY[] " + literal("second");
  };
  const AccountReport report = runner_.run_over(server_.connect());
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(runner_.snapshot().messages, 4U);
  EXPECT_EQ(server_.connections(), 2);
}

}  // namespace
}  // namespace backupd
