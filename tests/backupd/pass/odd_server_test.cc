// Oddities of real servers with messages (and of hostile ones): what can't be fetched is skipped
// with its reason and tried again next time; everything else is backed up.
#include <algorithm>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "imap/uid_set.h"
#include "store/reader.h"
#include "tests/backupd/pass/odd_server_fixture.h"

namespace backupd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class OddServerTest : public OddServerFixture {
 protected:
  OddMessage& second() { return server_.folder("INBOX").messages[1]; }

  // Expects UID 2 of INBOX to be skipped and all others to be stored; once the server is sane
  // again, UID 2 is stored too.
  void expect_skipped_for_now(const std::string& reason) {
    const AccountReport report = run();
    EXPECT_EQ(report.error, "");
    EXPECT_EQ(report.status, PassStatus::kPartial);
    ASSERT_THAT(report.skipped, SizeIs(1));
    EXPECT_EQ(report.skipped[0].folder, "INBOX");
    EXPECT_EQ(report.skipped[0].uid, base::Uid{2});
    EXPECT_THAT(report.skipped[0].reason, HasSubstr(reason));
    EXPECT_EQ(runner_.snapshot().messages, 2U);
    EXPECT_EQ(runner_.snapshot().status, store::SnapshotStatus::kPartial);
    ASSERT_THAT(report.receipts, SizeIs(1));
    EXPECT_EQ(report.receipts[0].receipt.messages, 2U) << "it does not count as backed up";

    second().item = {};
    server_.folder("INBOX").fetch_result = "OK";
    const AccountReport next = run();
    EXPECT_EQ(next.status, PassStatus::kComplete);
    EXPECT_EQ(next.new_messages, 1U);
    EXPECT_THAT(next.skipped, IsEmpty());
    EXPECT_EQ(runner_.snapshot().messages, 3U);
  }
};

// The flags of new messages come with their bodies.
TEST_F(OddServerTest, ARefusalOfTheRestOfAScanMattersOnlyForRecordedMessages) {
  server_.folder("INBOX").tells_next = false;
  int scans = 0;
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (command.starts_with("UID FETCH 1:*") && scans++ == 0) {
      std::string end = answer.substr(answer.rfind("\r\n", answer.size() - 3) + 2);
      end.replace(end.find("OK"), 2, "NO");
      answer = answer.substr(0, answer.find("* 3 FETCH")) + end;
    }
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_GT(scans, 0);
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(runner_.snapshot().messages, 3U);
}

// An account may have 20,000 folders of a few messages each.
TEST_F(OddServerTest, AFewMessagesAreReceivedWithoutAThread) {
  std::set<std::thread::id> threads;
  const auto run_and_count = [&] {
    threads.clear();
    EXPECT_EQ(run().status, PassStatus::kComplete);
    return threads.size();
  };
  server_.edit = [&](const std::string&, std::string&) {
    threads.insert(std::this_thread::get_id());
    return Afterwards::kNothing;
  };
  EXPECT_EQ(run_and_count(), 1U);
  for (std::uint32_t uid = 4; uid <= 20; ++uid) server_.folder("INBOX").message(uid, "a: b\r\n");
  EXPECT_EQ(run_and_count(), 2U) << "receiving does not wait for storing";
}

TEST_F(OddServerTest, ANewSmallFolderTakesTwoCommands) {
  const auto commands = [](int folders, std::uint32_t first_uid) {
    OddServer server;
    server.folder("INBOX");
    for (int number = 0; number < folders; ++number) {
      OddFolder& folder = server.folder("F" + std::to_string(number));
      folder.message(first_uid, "a: b\r\n");
      folder.message(first_uid + 1, "c: d\r\n");
    }
    PassRunner runner("alice");
    EXPECT_EQ(runner.run_over(server.connect()).status, PassStatus::kComplete);
    EXPECT_EQ(runner.snapshot().messages, static_cast<std::uint64_t>(2 * folders));
    return std::ranges::count_if(server.heard(), [](const std::string& command) {
      return command.starts_with("EXAMINE") || command.starts_with("UID");
    });
  };
  EXPECT_EQ(commands(20, 1) - commands(10, 1), 2 * 10) << "UIDNEXT shows which UIDs there are";
  EXPECT_EQ(commands(20, 2) - commands(10, 2), 3 * 10) << "they are requested";
}

// UIDNEXT and the number of messages only seem to show which UIDs there are.
TEST_F(OddServerTest, AMessageAboveUidnextIsFound) {
  server_.folder("INBOX").messages[2].uid = 9;
  server_.edit = [](const std::string& command, std::string& answer) {
    if (command.starts_with("EXAMINE \"INBOX\"")) {
      const std::size_t at = answer.find("[UIDNEXT 10]");
      if (at != std::string::npos) answer.replace(at, 12, "[UIDNEXT 4]");
    }
    return Afterwards::kNothing;
  };
  run();
  EXPECT_EQ(runner_.snapshot().messages, 3U);
}

TEST_F(OddServerTest, ABodyOfNil) {
  second().item = [](int) { return "BODY[] NIL"; };
  expect_skipped_for_now("NIL");
}

TEST_F(OddServerTest, AnEmptyBodyOfNonzeroSize) {
  second().item = [](int) { return "BODY[] \"\""; };
  expect_skipped_for_now("an empty body for a message that it says is not empty");
}

TEST_F(OddServerTest, NoBodyAtAll) {
  second().item = [](int) { return "X-NOTHING 1"; };
  expect_skipped_for_now("no body");
}

TEST_F(OddServerTest, AMessageMissingFromTheAnswer) {
  second().item = [](int) { return ""; };
  expect_skipped_for_now("did not send it");
}

TEST_F(OddServerTest, AnApologyInPlaceOfTheMessage) {
  second().item = [](int) {
    return "BODY[] " +
           literal(
               "Subject: Retrieval using the IMAP4 protocol failed for the following message: "
               "2\r\n\r\nThe server couldn't retrieve the following message\r\n");
  };
  expect_skipped_for_now("apology");
}

TEST_F(OddServerTest, ALiteralWithoutEndIsRefusedBeforeItsFirstByte) {
  second().item = [](int) { return "BODY[] {4100000000}\r\nand so on"; };
  expect_skipped_for_now("it is longer than 4.0 GB: see store.max_message_mb");
}

TEST_F(OddServerTest, AMessageOfMoreThanTheConfiguredLength) {
  runner_.location().max_message = 20;
  for (const char* item :
       {"BODY[] {21}\r\nabcdefghijklmnopqrstu", "BODY[] \"abcdefghijklmnopqrstu\""}) {
    second().item = [item](int) { return item; };
    const AccountReport report = run();
    EXPECT_EQ(report.error, "") << item;
    ASSERT_THAT(report.skipped, SizeIs(1)) << item;
    EXPECT_EQ(report.skipped[0].uid, base::Uid{2});
    EXPECT_THAT(report.skipped[0].reason, HasSubstr("it is longer than 20 B"));
  }
  second().item = [](int) { return "BODY[] {20}\r\nabcdefghijklmnopqrst"; };
  EXPECT_THAT(run().skipped, IsEmpty());
  EXPECT_EQ(runner_.snapshot().messages, 3U);
}

TEST_F(OddServerTest, AMessageThatIsTooLongIsTheOneThatWasArriving) {
  runner_.location().max_message = 20;
  second().item = [](int time) {
    return time == 0 ? std::string("X-NOTHING 1") : "BODY[] " + literal("here it is");
  };
  server_.folder("INBOX").messages[2].item = [](int) {
    return "BODY[] {21}\r\nabcdefghijklmnopqrstu";
  };
  const AccountReport report = run();
  EXPECT_EQ(report.error, "");
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_EQ(report.skipped[0].uid, base::Uid{3});
  EXPECT_EQ(runner_.snapshot().messages, 2U);
}

TEST_F(OddServerTest, ManyMessagesThatAreTooLongDoNotHideTheOthers) {
  runner_.location().max_message = 20;
  for (std::uint32_t uid = 4; uid <= 12; ++uid) {
    server_.folder("INBOX").message(uid, uid % 3 == 0 ? "short" : std::string(100, 'x'));
  }
  const AccountReport report = run();
  EXPECT_EQ(report.error, "");
  EXPECT_THAT(report.skipped, SizeIs(6));
  EXPECT_EQ(runner_.snapshot().messages, 6U);
}

TEST_F(OddServerTest, ARefusalOfOneMessageDoesNotAffectTheOthers) {
  for (std::uint32_t uid = 4; uid <= 40; ++uid) {
    server_.folder("INBOX").message(uid, "later " + std::to_string(uid));
  }
  // The server stops there, whatever else was requested.
  server_.before = [](const std::string& command) -> std::string {
    if (command.find("BODY.PEEK") == std::string::npos) return "";
    const std::string set = command.substr(10, command.find(' ', 10) - 10);
    const auto uids = imap::UidSet::parse(set).value();
    if (!uids.contains(base::Uid{2})) return "";
    return "NO [SERVERBUG] Internal error";
  };
  const AccountReport report = run();
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_EQ(report.skipped[0].uid, base::Uid{2});
  EXPECT_THAT(report.skipped[0].reason, HasSubstr("Internal error"));
  EXPECT_EQ(runner_.snapshot().messages, 39U);
}

TEST_F(OddServerTest, AMessageThatArrivesTheSecondTimeIsBackedUp) {
  for (const char* first : {"BODY[] NIL", "BODY[] \"\"", "X-NOTHING 1", ""}) {
    PassRunner runner("alice");
    second().asked = 0;
    second().item = [&](int time) {
      return time == 0 ? std::string(first) : "BODY[] " + literal("here it is");
    };
    const AccountReport report = runner.run_over(server_.connect());
    EXPECT_EQ(report.status, PassStatus::kComplete) << first;
    EXPECT_EQ(runner.snapshot().messages, 3U);
    EXPECT_EQ(second().asked, 2) << "only this message is requested again";
    EXPECT_EQ(server_.folder("INBOX").messages[0].asked, 0);
  }
}

TEST_F(OddServerTest, AMessageExpungedDuringTheFetchIsNotSkipped) {
  for (const char* item : {"BODY[] NIL", "X-NOTHING 1", ""}) {
    PassRunner runner("alice");
    OddFolder& folder = server_.folder("Busy");
    folder.messages.clear();
    folder.message(1, "first");
    folder.message(2, "going").item = [&](int) { return std::string(item); };
    folder.fetch_result = "NO [EXPUNGEISSUED] Some of the messages are gone";
    folder.after_fetch = [](OddFolder& busy) {
      busy.messages.pop_back();
      busy.fetch_result = "OK";
    };
    const AccountReport report = runner.run_over(server_.connect());
    EXPECT_EQ(report.status, PassStatus::kComplete) << item;
    EXPECT_THAT(report.skipped, IsEmpty());
  }
}

TEST_F(OddServerTest, AnEmptyMessageIsStoredIfTheServerConfirmsIt) {
  second().body.clear();
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, 3U);
}

TEST_F(OddServerTest, AWrongSizeIsIgnored) {
  second().size = "99999999999";
  server_.folder("INBOX").messages[2].size = "1";
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().bytes, 3U * std::string("Subject: 1\r\n\r\n").size());
}

TEST_F(OddServerTest, OddDatesLoseNoMessage) {
  for (const char* date : {"00-Jan-0000 00:00:00 +0000", " 1-Jan-2020 00:00:00 +0000", "",
                           "31-Feb-2020 00:00:00 +0000", "1-Jan-2020 00:00:00 +0000", "today"}) {
    server_.folder("INBOX").message(server_.folder("INBOX").messages.back().uid + 1, date).date =
        date;
  }
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete);
  EXPECT_THAT(report.warnings,
              ElementsAre("INBOX: 4 new messages have no date that is understood: it is recorded "
                          "as unknown"));
  EXPECT_EQ(runner_.snapshot().messages, 9U);
  store::Reader reader = store::Reader::open(runner_.location(), base::real_file_system());
  std::vector<std::uint32_t> undated;
  reader.for_each_message(reader.folders(runner_.snapshot()).at(0),
                          [&](const store::MessageEntry& entry) {
                            if (!entry.internal_date) undated.push_back(entry.uid.value);
                          });
  EXPECT_THAT(undated, ElementsAre(4, 6, 7, 9));
  EXPECT_THAT(run().warnings, IsEmpty()) << "they are reported once";
}

TEST_F(OddServerTest, ADateIsCorrectedByAScan) {
  const auto recorded = [&] {
    store::Reader reader = store::Reader::open(runner_.location(), base::real_file_system());
    std::vector<std::optional<base::ZonedTime>> dates;
    reader.for_each_message(
        reader.folders(runner_.snapshot()).at(0),
        [&](const store::MessageEntry& entry) { dates.push_back(entry.internal_date); });
    return dates;
  };
  // Earlier versions recorded the second one for the first.
  server_.folder("INBOX").messages[0].date = "the day before";
  second().date = "01-Jan-1970 00:00:00 +0000";
  ASSERT_EQ(run().status, PassStatus::kComplete);
  EXPECT_EQ(recorded()[0], std::nullopt);
  EXPECT_EQ(recorded()[1], base::ZonedTime{});
  server_.folder("INBOX").messages[0].date = "17-Jul-1996 02:44:25 -0700";
  second().date = "no date";
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete);
  EXPECT_EQ(report.fetched_messages, 0U);
  ASSERT_TRUE(recorded()[0]);
  EXPECT_EQ(recorded()[0]->instant, std::chrono::sys_seconds(std::chrono::seconds(837596665)));
  EXPECT_EQ(recorded()[1], std::nullopt);
}

TEST_F(OddServerTest, AKnownEmailIdVouchesOnlyWithTheSameSizeAndDate) {
  struct Case {
    std::string date;
    std::string copied_date;
    int asked;
  };
  const std::string date = "17-Jul-1996 02:44:25 -0700";
  server_.capabilities = "OBJECTID";
  std::uint32_t uid = 0;
  std::vector<Case> cases = {{date, date, 0},
                             {date, "17-Jul-1996 09:44:25 +0000", 0},
                             {date, "17-Jul-1996 02:44:26 -0700", 1},
                             {"NIL", "soon", 0},
                             {"NIL", date, 1},
                             {date, "NIL", 1}};
  const auto add = [&](const char* folder, std::uint32_t number, const std::string& sent) {
    const std::string text = "Subject: copied\r\n\r\n" + std::to_string(number);
    OddMessage& message = server_.folder(folder).message(number, text);
    message.item = [text](int) { return "BODY[] " + literal(text); };  // counts
    message.flags = "FLAGS () EMAILID (M" + std::to_string(number) + ")";
    message.date = sent;
  };
  for (const Case& one : cases) add("Work", ++uid, one.date);
  ASSERT_EQ(run().status, PassStatus::kComplete);
  uid = 0;
  for (const Case& one : cases) add("Copies", ++uid, one.copied_date);
  EXPECT_EQ(run().status, PassStatus::kComplete);
  for (std::size_t at = 0; at < cases.size(); ++at) {
    const OddMessage& message = server_.folder("Copies").messages[at];
    EXPECT_EQ(message.asked > 0 ? 1 : 0, cases[at].asked)
        << cases[at].date << " and " << cases[at].copied_date;
  }
  EXPECT_EQ(runner_.snapshot().messages, 15U);
}

TEST_F(OddServerTest, AMessageThatManyFoldersHaveIsFetchedOnce) {
  constexpr std::uint32_t kFolders = 8;
  server_.capabilities = "OBJECTID";
  // Each folder has a message of its own, and those of all folders before it.
  for (std::uint32_t folder = 1; folder <= kFolders; ++folder) {
    for (std::uint32_t uid = 1; uid <= folder; ++uid) {
      const std::string number = std::to_string(uid);
      OddMessage& message = server_.folder("F" + std::to_string(folder))
                                .message(uid, "Subject: copied " + number + "\r\n\r\n");
      message.flags = "FLAGS () EMAILID (M" + number + ")";
    }
  }
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(report.fetched_messages, 3 + kFolders) << "with those of INBOX";
  EXPECT_EQ(runner_.snapshot().messages, 3 + kFolders * (kFolders + 1) / 2);
}

// Only one of two lines for one message can be true.
TEST_F(OddServerTest, AContradictoryEmailIdVouchesForNothing) {
  server_.capabilities = "OBJECTID";
  OddMessage& known = server_.folder("Work").message(1, "Subject: known\r\n\r\n");
  known.flags = "FLAGS () EMAILID (M1)";
  ASSERT_EQ(run().status, PassStatus::kComplete);
  OddMessage& other = server_.folder("Copies").message(1, "Subject: other\r\n\r\n");
  other.flags = "FLAGS () EMAILID (M1) INTERNALDATE \"" + other.date +
                "\" RFC822.SIZE 18)\r\n* 1 FETCH (UID 1 FLAGS () EMAILID (M2)";
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(report.new_messages, 1U) << "its body is fetched";
  EXPECT_EQ(runner_.snapshot().messages, 5U);
}

TEST_F(OddServerTest, AMessageThatTakesTooLongIsSkippedThisTime) {
  runner_.server_config().transfer.message_timeout = std::chrono::seconds(0);
  for (OddMessage& message : server_.folder("INBOX").messages) {
    message.item = [](int) { return std::string(kHangUp); };
  }
  const AccountReport report = run();
  EXPECT_EQ(report.error, "");
  ASSERT_THAT(report.skipped, SizeIs(3));
  EXPECT_THAT(report.skipped[1].reason, HasSubstr("a message took longer than 0 s"));
  EXPECT_EQ(server_.connections(), 4) << "each only once";
  for (OddMessage& message : server_.folder("INBOX").messages) message.item = {};
  runner_.server_config().transfer.message_timeout = std::chrono::seconds(60);
  EXPECT_EQ(run().new_messages, 3U);
}

TEST_F(OddServerTest, AServerThatDropsEarlyCommandsGetsThemOneAtATime) {
  server_.drops_early_commands = true;
  server_.folder("Zebra").message(1, "z");
  const AccountReport report = run();
  EXPECT_EQ(report.error, "");
  EXPECT_EQ(report.status, PassStatus::kComplete);
  EXPECT_EQ(runner_.snapshot().messages, 4U);
  EXPECT_EQ(server_.connections(), 2) << "only the first one sends several at once";
}

TEST_F(OddServerTest, AnImpossiblyLargeMessageIsNotRead) {
  second().item = [](int) { return std::string("BODY[] {9223372036854775807}\r\nfew"); };
  const AccountReport report = run();
  EXPECT_EQ(runner_.snapshot().messages, 2U);
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_THAT(report.skipped[0].reason, HasSubstr("a message of 9223372036854775807 bytes"));
  EXPECT_EQ(second().asked, 1) << "only once";
}

TEST_F(OddServerTest, ALargeMessageOfWhichOnlyTheBeginningArrivesTakesNoMemory) {
  second().item = [](int time) {
    return time % 2 == 0 ? "BODY[] {4294967295}\r\nfew" : std::string(kHangUp);
  };
  const AccountReport report = run();
  EXPECT_EQ(runner_.snapshot().messages, 2U);
  ASSERT_THAT(report.skipped, SizeIs(1));
}

}  // namespace
}  // namespace backupd
