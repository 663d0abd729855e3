// Messages and folders that only changed their place or number need not be fetched again.
#include <gmock/gmock.h>

#include "store/folder_draft.h"
#include "store/reader.h"
#include "tests/backupd/pass/pass_runner.h"
#include "tests/imap/scripted_transport.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

std::vector<servers::Delivery> letters(std::size_t count, std::uint64_t seed = 4) {
  servers::MailGenerator mail(seed);
  std::vector<servers::Delivery> letters;
  for (std::size_t letter = 0; letter < count; ++letter) letters.push_back({mail.text(3'000)});
  return letters;
}

class CyrusIdentityTest : public testing::Test {
 protected:
  servers::Cyrus server_;
  servers::ImapClient alice_ = server_.client("alice");
  PassRunner runner_{server_, "alice"};
};

TEST_F(CyrusIdentityTest, ARenamedFolderIsTheSameFolder) {
  alice_.command("CREATE Old");
  alice_.append("Old", letters(12));
  runner_.run();
  alice_.command("RENAME Old New");
  const AccountReport report = runner_.run();
  EXPECT_EQ(report.fetched_bytes, 0U);
  EXPECT_EQ(report.status, PassStatus::kComplete);
  runner_.expect_exact();
  EXPECT_EQ(runner_.snapshot().vanished, 0U);
}

TEST_F(CyrusIdentityTest, AFolderThatTookAnothersNameIsADifferentFolder) {
  alice_.command("CREATE Old");
  alice_.append("Old", letters(3));
  runner_.run();
  alice_.command("RENAME Old New");
  alice_.command("CREATE Old");
  alice_.append("Old", letters(2, 5));
  const AccountReport report = runner_.run();
  EXPECT_EQ(report.new_messages, 2U);
  runner_.expect_exact();
}

TEST_F(CyrusIdentityTest, MovedAndCopiedMessagesAreNotFetchedAgain) {
  alice_.command("CREATE There");
  alice_.append("INBOX", letters(10));
  runner_.run();
  alice_.command("SELECT INBOX");
  alice_.command("MOVE 2:4 There");
  alice_.command("COPY 1 There");
  alice_.command("STORE 1 +FLAGS (\\Flagged)");
  const AccountReport report = runner_.run();
  EXPECT_EQ(report.fetched_bytes, 0U);
  EXPECT_EQ(report.status, PassStatus::kComplete);
  runner_.expect_exact();
}

TEST_F(CyrusIdentityTest, TheFirstRunFetchesACopyOnce) {
  alice_.command("CREATE There");
  const auto sent = letters(10);
  alice_.append("INBOX", sent);
  alice_.command("SELECT INBOX");
  alice_.command("COPY 1:* There");
  std::uint64_t bytes = 0;
  for (const servers::Delivery& letter : sent) bytes += letter.bytes.size();
  EXPECT_EQ(runner_.run().fetched_bytes, bytes);
  runner_.expect_exact();
}

// A session of Gmail: one message in two folders, the second of which reports it with `size` bytes.
imap::Transcript two_labels(const std::string& size, bool fetches_again) {
  imap::Transcript transcript = imap::Transcript::session("X-GM-EXT-1");
  transcript.add(R"(
    C: m3 LIST "" "*"
    S: * LIST () "/" INBOX
    S: * LIST () "/" Label
    S: m3 OK
    C: m4 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m5 STATUS "Label" (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS INBOX (MESSAGES 1 UIDNEXT 5 UIDVALIDITY 7)
    S: m4 OK
    S: * STATUS Label (MESSAGES 1 UIDNEXT 10 UIDVALIDITY 8)
    S: m5 OK
    C: m6 EXAMINE "INBOX"
    S: * 1 EXISTS
    S: * OK [UIDVALIDITY 7] valid
    S: * OK [UIDNEXT 5] next
    S: m6 OK
    C: m7 UID FETCH 1:* (UID FLAGS)
    S: * 1 FETCH (UID 4 FLAGS ())
    S: m7 OK
    C: m8 UID FETCH 4 (UID FLAGS INTERNALDATE RFC822.SIZE X-GM-MSGID BODY.PEEK[])
    S: * 1 FETCH (UID 4 FLAGS () RFC822.SIZE 5 X-GM-MSGID 1278455344230334865 BODY[] {5}
    S: a: bc)
    S: m8 OK
    C: m9 EXAMINE "Label"
    S: * 1 EXISTS
    S: * OK [UIDVALIDITY 8] valid
    S: * OK [UIDNEXT 10] next
    S: m9 OK
    C: m10 UID FETCH 1:* (UID FLAGS)
    S: * 1 FETCH (UID 9 FLAGS (\Seen))
    S: m10 OK
    C: m11 UID FETCH 9 (UID FLAGS INTERNALDATE RFC822.SIZE X-GM-MSGID)
  )");
  transcript.add("S: * 1 FETCH (UID 9 FLAGS (\\Seen) RFC822.SIZE " + size +
                 " X-GM-MSGID 1278455344230334865)\nS: m11 OK");
  int tag = 12;
  if (fetches_again) {
    transcript.add(R"(
      C: m12 UID FETCH 9 (UID FLAGS INTERNALDATE RFC822.SIZE X-GM-MSGID BODY.PEEK[])
      S: * 1 FETCH (UID 9 FLAGS (\Seen) RFC822.SIZE 6 X-GM-MSGID 1278455344230334865 BODY[] {6}
      S: a: bcd)
      S: m12 OK
    )");
    ++tag;
  }
  const auto next = [&tag] { return 'm' + std::to_string(tag++) + ' '; };
  const std::string update = next();
  transcript.add("C: " + update + "NOOP\nS: " + update + "OK");
  const std::string list = next();
  transcript.add("C: " + list + "LIST \"\" \"*\"\nS: * LIST () \"/\" INBOX");
  transcript.add("S: * LIST () \"/\" Label\nS: " + list + "OK");
  const std::string all = next();
  const std::string label = next();
  transcript.add("C: " + all + "STATUS \"INBOX\" (MESSAGES UIDNEXT UIDVALIDITY)");
  transcript.add("C: " + label + "STATUS \"Label\" (MESSAGES UIDNEXT UIDVALIDITY)");
  transcript.add("S: * STATUS INBOX (MESSAGES 1 UIDNEXT 5 UIDVALIDITY 7)\nS: " + all + "OK");
  transcript.add("S: * STATUS Label (MESSAGES 1 UIDNEXT 10 UIDVALIDITY 8)\nS: " + label + "OK");
  const std::string subscriptions = next();
  transcript.add("C: " + subscriptions + "LSUB \"\" \"*\"\nS: " + subscriptions + "OK");
  const std::string logout = next();
  return transcript.add("C: " + logout + "LOGOUT\nS: * BYE\nS: " + logout + "OK");
}

TEST(GmailIdentityTest, AMessageOfTwoLabelsIsFetchedOnce) {
  PassRunner runner("alice");
  const AccountReport report = runner.run_over(imap::scripted(two_labels("5", false)));
  EXPECT_EQ(report.error, "");
  EXPECT_EQ(report.fetched_bytes, 5U);
  EXPECT_EQ(runner.snapshot().messages, 2U);
  EXPECT_EQ(runner.snapshot().bytes, 10U);
}

TEST(GmailIdentityTest, AnIdIsNotTrustedIfTheSizeDiffers) {
  PassRunner runner("alice");
  const AccountReport report = runner.run_over(imap::scripted(two_labels("6", true)));
  EXPECT_EQ(report.error, "");
  EXPECT_EQ(report.fetched_bytes, 11U);
  EXPECT_EQ(report.new_messages, 2U);
}

class RenumberedTest : public testing::Test {
 protected:
  servers::Dovecot server_;
  PassRunner runner_{server_, "alice"};
};

TEST_F(RenumberedTest, ABaselessUidvalidityChangeStoresNothingTwiceAndLosesNoHistory) {
  servers::fill_account(server_, "alice", 80);
  runner_.run();
  const store::SnapshotInfo before = runner_.snapshot();
  server_.lose_uids("alice");
  const AccountReport report = runner_.run();
  EXPECT_EQ(report.new_messages, 0U);
  EXPECT_EQ(runner_.snapshot().vanished, 0U);
  runner_.expect_exact();

  store::Reader reader = store::Reader::open(runner_.location(), base::real_file_system());
  ASSERT_EQ(reader.snapshots("alice").size(), 2U);
  EXPECT_EQ(reader.snapshots("alice").front(), before);
  std::uint64_t messages = 0;
  for (const store::FolderRecord& folder : reader.folders(before)) {
    reader.for_each_message(folder, [&](const store::MessageEntry& entry) {
      EXPECT_TRUE(reader.contains(entry.message));
      ++messages;
    });
  }
  EXPECT_EQ(messages, 80U);
}

}  // namespace
}  // namespace backupd
