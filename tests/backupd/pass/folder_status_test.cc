#include "backupd/pass/folder_status.h"

#include <gtest/gtest.h>

namespace backupd {
namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow = sys_days(std::chrono::year(2026) / 11 / 24);

// A folder as the server reports it, and a record of exactly this state.
struct Pair {
  Pair() {
    folder.raw_name = "INBOX";
    folder.attributes = {"\\HasNoChildren"};
    folder.status = imap::FolderStatus{.uid_validity = 7,
                                       .uid_next = 100,
                                       .messages = 42,
                                       .highest_modseq = 1000,
                                       .size = {},
                                       .mailbox_id = {}};
    record.info.raw_name = "INBOX";
    record.info.uid_validity = 7;
    record.info.uid_next = 100;
    record.info.highest_modseq = 1000;
    record.info.last_full_scan = kNow - std::chrono::days(1);
    record.receipt.messages = 42;
  }
  bool unchanged() const { return is_unchanged(folder, record, kNow); }

  imap::Folder folder;
  store::FolderRecord record;
};

TEST(FolderStatusTest, IsUnchangedIfAllFourNumbersAreEqual) {
  EXPECT_TRUE(Pair().unchanged());
  Pair pair;
  pair.folder.status->uid_validity = 8;
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->uid_next = 101;
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->messages = 41;
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->highest_modseq = 1001;
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->highest_modseq = 3;
  EXPECT_FALSE(pair.unchanged()) << "lower than recorded: the server lost its index";
}

TEST(FolderStatusTest, AScanIsDueAWeekAfterTheLastOneOrIfAWrongClockDatedThat) {
  Pair pair;
  EXPECT_FALSE(is_scan_due(pair.record.info, kNow));
  pair.record.info.last_full_scan = kNow - kFullScanInterval;
  EXPECT_FALSE(pair.unchanged());
  EXPECT_TRUE(is_scan_due(pair.record.info, kNow));
  pair.record.info.last_full_scan = kNow + std::chrono::days(365);
  EXPECT_FALSE(pair.unchanged());
  EXPECT_TRUE(is_scan_due(pair.record.info, kNow)) << "not for a year otherwise";
}

TEST(FolderStatusTest, IsNotUnchangedIfTheServerOmitsANumber) {
  Pair pair;
  pair.folder.status.reset();
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->highest_modseq.reset();
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->highest_modseq.reset();
  pair.record.info.highest_modseq = 0;
  EXPECT_FALSE(pair.unchanged());
}

TEST(FolderStatusTest, AnUnfinishedFolderIsNeverUnchanged) {
  Pair pair;
  pair.record.info.skipped.push_back({base::Uid{5}, "NIL"});
  EXPECT_FALSE(pair.unchanged());
  for (const auto completeness :
       {store::FolderCompleteness::kInProgress, store::FolderCompleteness::kUnreadable,
        store::FolderCompleteness::kContainer}) {
    pair = Pair();
    pair.record.info.completeness = completeness;
    EXPECT_FALSE(pair.unchanged());
  }
}

TEST(FolderStatusTest, AFullScanIsDueEverySevenDays) {
  Pair pair;
  pair.record.info.last_full_scan = kNow - std::chrono::days(7);
  EXPECT_FALSE(pair.unchanged());
  pair.record.info.last_full_scan += std::chrono::seconds(1);
  EXPECT_TRUE(pair.unchanged());
}

TEST(FolderStatusTest, OnlyLastingAttributesCount) {
  Pair pair;
  pair.folder.attributes = {"\\Marked", "\\hasChildren"};
  EXPECT_TRUE(pair.unchanged());
  pair.folder.attributes = {"\\Sent"};
  EXPECT_FALSE(pair.unchanged());
}

}  // namespace
}  // namespace backupd
