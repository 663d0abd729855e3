// Servers that give the UIDs of recorded messages to other messages, as after a restore from an
// older copy of their mail.
#include "backupd/pass/reused_uids.h"

#include <cstdlib>

#include <gmock/gmock.h>

#include "store/format/account_properties.h"
#include "store/reader.h"
#include "tests/backupd/pass/odd_server.h"
#include "tests/backupd/pass/pass_runner.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/imap_client.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kNextDay = "18-Jul-1996 02:44:25 -0700";

class ReusedUidsTest : public testing::Test {
 protected:
  explicit ReusedUidsTest(std::uint32_t messages = 3) {
    for (std::uint32_t uid = 1; uid <= messages; ++uid) {
      inbox().message(uid, "Subject: " + std::to_string(uid) + "\r\n\r\n");
    }
    server_.folder("Work").message(1, "Subject: work\r\n\r\n");
  }

  OddFolder& inbox() { return server_.folder("INBOX"); }
  std::uint64_t replaced() {
    store::Reader reader = store::Reader::open(runner_.location(), base::real_file_system());
    return store::to_account_properties(reader.properties(runner_.snapshot())).replaced;
  }

  AccountReport run() { return runner_.run_over(server_.connect()); }

  OddServer server_;
  PassRunner runner_{"alice"};
};

class ManyReusedUidsTest : public ReusedUidsTest {
 protected:
  ManyReusedUidsTest() : ReusedUidsTest(20) {}
};

TEST_F(ReusedUidsTest, AnotherDateMeansAnotherMessage) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  inbox().messages[1].date = kNextDay;
  inbox().messages[1].body = "Subject: x\r\n\r\n";  // of the same size
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(report.new_messages, 1U);
  EXPECT_EQ(report.fetched_messages, 1U);
  EXPECT_THAT(report.warnings, Contains(HasSubstr("INBOX: 1 recorded message was replaced")));
  EXPECT_EQ(runner_.snapshot().messages, 4U);
  EXPECT_EQ(runner_.snapshot().vanished, 1U);
  EXPECT_EQ(replaced(), 1U);
  EXPECT_THAT(run().warnings, IsEmpty());
  EXPECT_EQ(replaced(), 0U) << "the next backup has its own number";
}

TEST_F(ReusedUidsTest, FewOtherSizesAreFetched) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  inbox().messages[1].body = "Subject: another one\r\n\r\n";
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(report.new_messages, 1U);
  EXPECT_EQ(runner_.snapshot().vanished, 1U);
}

TEST_F(ReusedUidsTest, ALowerUidNextIsReported) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  inbox().messages.pop_back();
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings, Contains(HasSubstr("INBOX: the server's UIDNEXT is 3, below the "
                                                  "recorded 4")));
  EXPECT_EQ(runner_.snapshot().messages, 3U);
  EXPECT_EQ(runner_.snapshot().vanished, 1U);
}

TEST_F(ReusedUidsTest, AServerThatRefusesSizesIsScannedWithoutThem) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  server_.before = [](const std::string& command) -> std::string {
    const bool asks = command.starts_with("UID FETCH 1:*") && command.find("SIZE") != command.npos;
    return asks ? "NO some messages can't be read" : "";
  };
  inbox().message(4, "Subject: new\r\n\r\n");
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, 5U);
  EXPECT_EQ(runner_.snapshot().vanished, 0U);
}

TEST_F(ManyReusedUidsTest, WrongSizesAloneAreNotBelieved) {
  for (OddMessage& message : inbox().messages) message.size = "9999";
  ASSERT_EQ(run().status, PassStatus::kComplete);
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(report.fetched_messages, 1U);
  EXPECT_THAT(report.warnings, IsEmpty());
  EXPECT_EQ(runner_.snapshot().messages, 21U);
  EXPECT_EQ(runner_.snapshot().vanished, 0U);
}

TEST_F(ManyReusedUidsTest, OtherSizesWithAnotherBodyMeanOtherMessages) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  for (OddMessage& message : inbox().messages) {
    message.body = "Subject: other " + std::to_string(message.uid) + "\r\n\r\n";
  }
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(report.new_messages, 20U);
  EXPECT_EQ(runner_.snapshot().messages, 21U);
  EXPECT_EQ(runner_.snapshot().vanished, 20U);
  EXPECT_EQ(replaced(), 20U);
}

TEST_F(ManyReusedUidsTest, OtherDatesAloneAreNotBelieved) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  for (OddMessage& message : inbox().messages) {
    message.date = kNextDay;
    message.flags = "FLAGS (\\Seen)";
  }
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(report.fetched_messages, 1U);
  EXPECT_THAT(
      report.warnings,
      testing::ElementsAre(HasSubstr("INBOX: the server shows different dates than before")));
  EXPECT_EQ(runner_.snapshot().vanished, 0U);
  store::Reader reader = store::Reader::open(runner_.location(), base::real_file_system());
  for (const store::FolderRecord& folder : reader.folders(runner_.snapshot())) {
    if (folder.info.raw_name != "INBOX") continue;
    reader.for_each_message(folder, [](const store::MessageEntry& entry) {
      EXPECT_THAT(entry.flags, testing::ElementsAre("\\Seen"));
    });
  }
}

TEST_F(ManyReusedUidsTest, OtherDatesWithAnotherBodyMeanOtherMessages) {
  ASSERT_EQ(run().status, PassStatus::kComplete);
  for (OddMessage& message : inbox().messages) {
    message.date = kNextDay;
    message.body.replace(0, 7, "Another");  // of the same size
  }
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(report.new_messages, 20U);
  EXPECT_EQ(runner_.snapshot().messages, 21U);
  EXPECT_EQ(runner_.snapshot().vanished, 20U);
}

TEST(LikenessTest, ComparesOnlyValuesKnownForBoth) {
  store::MessageEntry recorded;
  recorded.size = 100;
  recorded.server_id = "M1";
  imap::MessageItems now;
  EXPECT_EQ(likeness(recorded, now), Likeness::kSame);
  now.internal_date = base::ZonedTime{std::chrono::sys_seconds{std::chrono::seconds{9}}, 0};
  EXPECT_EQ(likeness(recorded, now), Likeness::kSame) << "no date was recorded";
  now.size = 101;
  EXPECT_EQ(likeness(recorded, now), Likeness::kDoubtful);
  now.server_id = "M1";
  EXPECT_EQ(likeness(recorded, now), Likeness::kSame);
  now.server_id = "M2";
  EXPECT_EQ(likeness(recorded, now), Likeness::kOther);
  now.size = 100;
  EXPECT_EQ(likeness(recorded, now), Likeness::kDoubtful);
  recorded.internal_date = *now.internal_date;
  recorded.internal_date->zone_minutes = 60;
  recorded.server_id.clear();
  EXPECT_EQ(likeness(recorded, now), Likeness::kSame) << "the zone decides nothing";
  recorded.internal_date->instant += std::chrono::seconds{1};
  EXPECT_EQ(likeness(recorded, now), Likeness::kOther);
  recorded.internal_date = base::ZonedTime{};
  EXPECT_EQ(likeness(recorded, now), Likeness::kSame) << "recorded by an earlier version";
}

class RestoredServer : public testing::TestWithParam<std::vector<std::string>> {};

// The mail directory is that of the day before, and as much new mail has arrived since: MESSAGES,
// UIDNEXT and HIGHESTMODSEQ are those of the last backup.
TEST_P(RestoredServer, NewMailUnderOldUidsIsInTheSnapshot) {
  servers::Dovecot server;
  servers::MailGenerator mail(5);
  PassRunner runner(server, "alice");
  const Between between{GetParam(), {}};
  const auto append = [&](int count, int day) {
    servers::ImapClient alice = server.client("alice");
    std::vector<servers::Delivery> letters;
    for (int letter = 0; letter < count; ++letter) {
      letters.push_back({mail.text(3'000 + 100 * static_cast<std::size_t>(day)), {}});
      letters.back().internal_date = std::chrono::sys_days(
          std::chrono::year(2026) / 11 / std::chrono::day(static_cast<unsigned>(day)));
    }
    alice.append("INBOX", letters);
  };
  const std::string home = server.maildir("alice").path_of("INBOX").string();
  const auto run_shell = [](const std::string& command) {
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  };
  append(3, 1);
  server.stop();
  run_shell("cp -a '" + home + "' '" + home + ".yesterday'");
  server.start();
  append(2, 2);
  ASSERT_EQ(runner.run(between).status, PassStatus::kComplete);
  server.stop();
  run_shell("rm -r '" + home + "' && mv '" + home + ".yesterday' '" + home + "'");
  server.start();
  append(2, 3);

  const AccountReport report = runner.run(between);
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(report.new_messages, 2U);
  EXPECT_EQ(runner.snapshot().messages, 5U);
  EXPECT_EQ(runner.snapshot().vanished, 2U);
  runner.expect_exact();
}

INSTANTIATE_TEST_SUITE_P(Capabilities, RestoredServer,
                         testing::Values(std::vector<std::string>{},
                                         std::vector<std::string>{"QRESYNC", "CONDSTORE"}));

}  // namespace
}  // namespace backupd
