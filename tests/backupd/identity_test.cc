// What need not be fetched again: messages and folders that only changed their place or number.
#include <gmock/gmock.h>

#include "store/folder_draft.h"
#include "store/reader.h"
#include "tests/backupd/pass_runner.h"
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

TEST_F(CyrusIdentityTest, AFolderThatTookTheNameOfAnotherIsAnother) {
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

TEST_F(CyrusIdentityTest, WhatWasMovedOrCopiedIsNotFetchedAgain) {
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
