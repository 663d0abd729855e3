// How a pass detects changes of an account, since the last pass and while it runs.
#include <gmock/gmock.h>

#include "tests/backupd/pass/pass_runner.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/imap_client.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kNothing = {};
const std::vector<std::string> kNoQresync = {"QRESYNC"};
const std::vector<std::string> kHardlyAnything = {"QRESYNC", "CONDSTORE", "ESEARCH", "LIST-STATUS"};

class ChangeDetectionTest : public testing::Test {
 protected:
  std::vector<servers::Delivery> letters(std::size_t count) {
    std::vector<servers::Delivery> letters;
    for (std::size_t letter = 0; letter < count; ++letter) letters.push_back({mail_.text(3'000)});
    return letters;
  }

  servers::Dovecot server_;
  servers::MailGenerator mail_{3};
  servers::ImapClient alice_ = server_.client("alice");
  PassRunner runner_{server_, "alice"};
};

// Another client, which changes the account as clients do.
class Tourist {
 public:
  Tourist(const servers::Server& server, std::uint64_t seed)
      : server_(server), client_(server.client("alice")), mail_(seed), random_(seed) {
    for (const char* folder : {"a", "b", "c"}) {
      client_.command(std::string("CREATE ") + folder);
      std::vector<servers::Delivery> letters;
      for (int letter = 0; letter < 20; ++letter) letters.push_back(mail_.delivery());
      client_.append(folder, letters);
    }
  }

  void do_something() {
    const std::string folder(1, static_cast<char>('a' + random_.below(3)));
    const std::string other(1, static_cast<char>('a' + random_.below(3)));
    const std::string uid = std::to_string(1 + random_.below(30));
    client_.try_command("SELECT " + folder);
    switch (random_.below(6)) {
      case 0:
        client_.append(folder, std::vector<servers::Delivery>{mail_.delivery()});
        break;
      case 1:
        client_.try_command("UID STORE " + uid + " FLAGS (\\Seen k" + uid + ")");
        break;
      case 2:
        client_.try_command("UID STORE " + uid + " +FLAGS (\\Deleted)");
        client_.try_command("EXPUNGE");
        break;
      case 3:
        client_.try_command("UID MOVE " + uid + " " + other);
        break;
      case 4:
        client_.try_command("UID COPY " + uid + ":" + uid + " " + other);
        break;
      default:
        client_.try_command("STORE 1:* +FLAGS.SILENT (\\Answered)");
    }
    client_.try_command("UNSELECT");
  }

  // A server that lost its files closes the connection.
  void come_back() { client_ = server_.client("alice"); }

 private:
  const servers::Server& server_;
  servers::ImapClient client_;
  servers::MailGenerator mail_;
  servers::Random random_;
};

class WhateverTheServerCan : public ChangeDetectionTest,
                             public testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(WhateverTheServerCan, TheNextPassFindsAllChanges) {
  const Between between{GetParam(), {}};
  Tourist tourist(server_, GetParam().size() + 1);
  for (int night = 0; night < 8; ++night) {
    EXPECT_EQ(runner_.run(between).status, PassStatus::kComplete);
    runner_.expect_exact();
    if (night == 3) {
      server_.lose_index_files("alice");
      tourist.come_back();
    }
    for (int deed = 0; deed < 10; ++deed) tourist.do_something();
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, WhateverTheServerCan,
                         testing::Values(kNothing, kNoQresync, kHardlyAnything));

TEST_F(ChangeDetectionTest, AnUnchangedAccountTakesOneRoundTrip) {
  servers::fill_account(server_, "alice", 50);
  runner_.run();
  runner_.run();
  EXPECT_THAT(runner_.sent(), Not(HasSubstr("EXAMINE")));
  EXPECT_THAT(runner_.sent(), HasSubstr("m4 LIST"));
  EXPECT_THAT(runner_.sent(), testing::EndsWith("m5 LOGOUT\r\n")) << "no second listing";
}

TEST_F(ChangeDetectionTest, QresyncReportsChangesOnOpeningTheFolder) {
  alice_.append("INBOX", letters(20));
  runner_.run();
  alice_.command("SELECT INBOX");
  alice_.command("STORE 3 +FLAGS (\\Flagged)");
  alice_.command("STORE 5 +FLAGS (\\Deleted)");
  alice_.command("EXPUNGE");
  alice_.append("INBOX", letters(1));
  const AccountReport report = runner_.run();
  EXPECT_EQ(report.new_messages, 1U);
  EXPECT_THAT(runner_.sent(), HasSubstr("EXAMINE \"INBOX\" (QRESYNC ("));
  EXPECT_THAT(runner_.sent(), Not(HasSubstr("SEARCH")));
  EXPECT_THAT(runner_.sent(), Not(HasSubstr("1:*")));
  runner_.expect_exact();
}

TEST_F(ChangeDetectionTest, CondstoreAndASearchReplaceQresync) {
  alice_.append("INBOX", letters(20));
  runner_.run();
  alice_.command("SELECT INBOX");
  alice_.command("STORE 3 +FLAGS (\\Flagged)");
  alice_.command("UID STORE 5 +FLAGS (\\Deleted)");
  alice_.command("EXPUNGE");
  runner_.run({kNoQresync, {}});
  EXPECT_THAT(runner_.sent(), HasSubstr("CHANGEDSINCE"));
  EXPECT_THAT(runner_.sent(), HasSubstr("SEARCH RETURN (ALL) ALL"));
  runner_.expect_exact();
}

// In this case Dovecot's QRESYNC reports neither of these changes.
TEST_F(ChangeDetectionTest, ALowerModseqThanTheRecordedOneMeansAFullScan) {
  alice_.append("INBOX", letters(20));
  for (int round = 0; round < 5; ++round) {
    alice_.command("SELECT INBOX");
    alice_.command("STORE 1 FLAGS (k" + std::to_string(round) + ")");
  }
  runner_.run();
  server_.lose_index_files("alice");
  auto other = server_.client("alice");
  other.command("SELECT INBOX");
  other.command("UID STORE 3 +FLAGS (\\Flagged)");
  other.command("UID STORE 5 +FLAGS (\\Deleted)");
  other.command("EXPUNGE");
  const AccountReport report = runner_.run();
  EXPECT_EQ(report.new_messages, 0U);
  EXPECT_THAT(runner_.sent(),
              HasSubstr("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ)\r\n"));
  runner_.expect_exact();
}

TEST_F(ChangeDetectionTest, ScansEverythingIfTheCountsDiffer) {
  alice_.append("INBOX", letters(20));
  runner_.run();
  alice_.command("SELECT INBOX");
  alice_.command("STORE 5 +FLAGS (\\Deleted)");
  alice_.command("EXPUNGE");
  // The server does not report the expunged messages.
  runner_.run({{"VANISHED"}, {}});
  EXPECT_THAT(runner_.sent(), HasSubstr("(QRESYNC ("));
  EXPECT_THAT(runner_.sent(),
              HasSubstr("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ)\r\n"));
  runner_.expect_exact();
}

TEST_F(ChangeDetectionTest, EveryFolderIsScannedInFullEverySevenDays) {
  alice_.append("INBOX", letters(3));
  runner_.run();
  runner_.set_ahead(std::chrono::days(6));
  runner_.run();
  EXPECT_THAT(runner_.sent(), Not(HasSubstr("EXAMINE")));
  runner_.set_ahead(std::chrono::days(7) + std::chrono::minutes(1));
  const AccountReport report = runner_.run();
  EXPECT_THAT(runner_.sent(), HasSubstr("EXAMINE \"INBOX\"\r\n"));
  EXPECT_THAT(runner_.sent(),
              HasSubstr("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ)\r\n"));
  EXPECT_EQ(report.fetched_bytes, 0U);
  runner_.expect_exact();
}

TEST_F(ChangeDetectionTest, RecordsAMoveDuringThePass) {
  alice_.command("CREATE Aside");
  alice_.command("CREATE Zebra");
  alice_.append("Zebra", letters(5));
  bool has_moved = false;
  const AccountReport report =
      runner_.run({{}, [&](const std::string& sent) {
                     if (has_moved || sent.find("EXAMINE \"Zebra\"") == std::string::npos) return;
                     has_moved = true;
                     alice_.command("SELECT Zebra");
                     alice_.command("MOVE 2 Aside");
                     alice_.command("UNSELECT");
                   }});
  EXPECT_TRUE(has_moved);
  EXPECT_EQ(report.status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, 5U);
  runner_.expect_exact();
}

TEST_F(ChangeDetectionTest, MarksTheSnapshotIfMessagesKeepMoving) {
  alice_.command("CREATE Aside");
  alice_.append("INBOX", letters(9));
  bool is_back = true;
  const AccountReport report =
      runner_.run({{}, [&](const std::string& sent) {
                     if (sent.find("EXAMINE") == std::string::npos) return;
                     alice_.command(is_back ? "SELECT INBOX" : "SELECT Aside");
                     alice_.command(is_back ? "MOVE 1 Aside" : "MOVE 1 INBOX");
                     alice_.command("UNSELECT");
                     is_back = !is_back;
                   }});
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_EQ(runner_.snapshot().status, store::SnapshotStatus::kMoving);
  runner_.run();
  EXPECT_EQ(runner_.snapshot().status, store::SnapshotStatus::kComplete);
  runner_.expect_exact();
}

TEST_F(ChangeDetectionTest, RescansAFolderThatChangesAfterExamine) {
  alice_.append("INBOX", letters(5));
  bool done = false;
  runner_.run({{}, [&](const std::string& sent) {
                 if (done || sent.find("UID FETCH") == std::string::npos) return;
                 done = true;
                 alice_.command("SELECT INBOX");
                 alice_.command("STORE 1:* +FLAGS (\\Answered)");
                 alice_.command("UNSELECT");
               }});
  runner_.run();
  runner_.expect_exact();
}

}  // namespace
}  // namespace backupd
